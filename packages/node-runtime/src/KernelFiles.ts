/**
 * Small reads of files that the kernel makes up: synchronous, since the answer is in memory and a round through the
 * thread pool costs several times the read.
 *
 * @since 0.1.0
 */
import * as fs from "node:fs"

/**
 * The errno of a failed call by name, such as `ENOENT`.
 *
 * @since 0.1.0
 * @category errors
 */
export const errnoOf = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error && typeof error.code === "string"
    ? error.code
    : "EUNKNOWN"

/**
 * What a file or directory that goes away under a reader gives; anything else is a real failure. EINVAL is how the files
 * of a network interface answer while it is being deleted; ENAMETOOLONG is what no path leads to: cgroups of a guest may be
 * as deep as it likes.
 */
const vanished = new Set(["ENOENT", "ENOTDIR", "ESRCH", "ENODEV", "EINVAL", "ENAMETOOLONG"])

const orUndefined = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch (error) {
    if (vanished.has(errnoOf(error))) return undefined
    throw error
  }
}

/**
 * The text of a file; undefined where it is not there (any more).
 *
 * @since 0.1.0
 * @category reading
 */
export const readText = (path: string): string | undefined => orUndefined(() => fs.readFileSync(path, "utf8"))

/**
 * Writes to a file of the kernel's; where it is not there (any more) nothing.
 *
 * @since 0.1.0
 * @category writing
 */
export const writeIfThere = (path: string, text: string): void => {
  orUndefined(() => fs.writeFileSync(path, text, { flag: "r+" }))
}

/**
 * The names in a directory; empty where it is not there (any more).
 *
 * @since 0.1.0
 * @category reading
 */
export const names = (path: string): ReadonlyArray<string> => orUndefined(() => fs.readdirSync(path)) ?? []

/**
 * The names of the directories in a directory; empty where it is not there (any more).
 *
 * @since 0.1.0
 * @category reading
 */
export const directoryNames = (path: string): ReadonlyArray<string> =>
  (orUndefined(() => fs.readdirSync(path, { withFileTypes: true })) ?? [])
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)

const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants

/** A directory that is open, and those in it that were not visited yet. */
interface Level {
  readonly directory: number
  below: Array<Buffer>
}

/**
 * Visits a directory and all below it, each by a path that leads to it while it is open: what somebody else has made may be deeper
 * than a path can say, or calls can be nested, and have names that are no text. A directory is closed when the last one in it is
 * entered, so that a chain of them takes no more open files than one.
 *
 * @since 0.1.0
 * @category reading
 */
export const visitDirectories = (path: string, visit: (at: string) => void): void => {
  const levels: Array<Level> = []
  const enter = (place: string | Buffer): void => {
    const directory = orUndefined(() => fs.openSync(place, O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
    if (directory === undefined) return
    const level: Level = { directory, below: [] }
    levels.push(level)
    const at = `/proc/self/fd/${directory}`
    visit(at)
    const entries = orUndefined(() => fs.readdirSync(at, { encoding: "buffer", withFileTypes: true })) ?? []
    level.below = entries.filter((entry) => entry.isDirectory()).map((entry) => Buffer.concat([Buffer.from(`${at}/`), entry.name]))
  }
  try {
    enter(path)
    for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
      const next = level.below.pop()
      if (next !== undefined) enter(next)
      if (level.below.length > 0) continue
      levels.splice(levels.lastIndexOf(level), 1)
      fs.closeSync(level.directory)
    }
  } finally {
    for (const { directory } of levels) fs.closeSync(directory)
  }
}

/**
 * What is at a path, a symbolic link not followed; undefined where nothing is.
 *
 * @since 0.1.0
 * @category reading
 */
export const lstat = (path: string): fs.Stats | undefined => orUndefined(() => fs.lstatSync(path, { throwIfNoEntry: false }))

/**
 * What a path leads to; undefined where that is nothing, or cannot be seen.
 *
 * @since 0.1.0
 * @category reading
 */
export const statOf = (path: string): fs.Stats | undefined => {
  try {
    return fs.statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/**
 * What is at a path, a symbolic link not followed; undefined where nothing is, or it cannot be seen.
 *
 * @since 0.1.0
 * @category reading
 */
export const lstatOf = (path: string): fs.Stats | undefined => {
  try {
    return fs.lstatSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/**
 * What tells a file from all others of the machine, whatever names it has: `device:inode`.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fileKey = ({ dev, ino }: fs.Stats): string => `${dev}:${ino}`

/**
 * A whole number in a file; undefined where the file is not there or holds something else, such as `max`.
 *
 * @since 0.1.0
 * @category reading
 */
export const readInteger = (path: string): number | undefined => {
  const text = readText(path)?.trim()
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined
}
