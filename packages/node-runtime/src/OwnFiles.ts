/**
 * Files and directories of the library's own, as far as they can be believed.
 *
 * What they say is taken for the truth by a program that runs as root. So none is read through a link, none that
 * somebody else could have written, and nothing that stands in the place of one holds a reader up.
 *
 * @since 0.1.0
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { errnoOf } from "./KernelFiles.ts"

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = fs.constants

/** More than this is no record, no journal and no pid. */
const mostBytes = 64 * 1024 * 1024

/**
 * What is at a path is not what this library left there.
 *
 * @since 0.1.0
 * @category errors
 */
export class NotOurs extends Error {
  /** What to do. */
  readonly advice: string

  constructor(message: string, advice = "this library did not make it so: look what it is, and mend or remove it by hand") {
    super(message)
    this.advice = advice
  }
}

/**
 * What is at a path, where a directory is to be or above it, is none.
 *
 * @since 0.1.0
 * @category errors
 */
export const noDirectory = (at: string): NotOurs =>
  new NotOurs(`${at} is not a directory`, "look what it is: name another directory, or move it away")

const isMine = (stats: fs.Stats): boolean => stats.uid === process.geteuid?.()

const owned = (at: string, { mode, uid }: fs.Stats): string =>
  `${at} belongs to uid ${uid} with mode ${(mode & 0o7777).toString(8)}`

/** What root keeps safe is in order, and not for anybody else to change: that is no fault of what is there. */
const requireMine = (at: string, stats: fs.Stats): void => {
  const safe = (stats.mode & 0o022) === 0
  if (safe && isMine(stats)) return
  if (safe && stats.uid === 0) throw Object.assign(new Error(`${at} is root's`), { code: "EACCES" })
  throw new NotOurs(owned(at, stats))
}

/**
 * Throws where a file is no plain one, has another name too, or can be written by somebody else.
 *
 * @since 0.1.0
 * @category checks
 */
export const requireOwnFile = (at: string, stats: fs.Stats): void => {
  if (!stats.isFile() || stats.nlink > 1) throw new NotOurs(`${at} is a link or no regular file`)
  requireMine(at, stats)
}

/**
 * The text of a file of the library's own; undefined where there is none. Throws where it is not to be believed.
 *
 * @since 0.1.0
 * @category reading
 */
export const readOwn = (at: string): string | undefined => {
  let file: number
  try {
    file = fs.openSync(at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    const code = errnoOf(error)
    if (code === "ENOENT" || code === "ENOTDIR") return undefined
    if (code === "ELOOP" || code === "ENXIO") throw new NotOurs(`${at} is a link or no regular file`)
    throw error
  }
  try {
    const stats = fs.fstatSync(file)
    requireOwnFile(at, stats)
    if (stats.size > mostBytes) throw new NotOurs(`${at} has ${stats.size} bytes`)
    return fs.readFileSync(file, "utf8")
  } finally {
    fs.closeSync(file)
  }
}

/**
 * The same, with nothing where it is not to be believed: of a list one bad file is no failure.
 *
 * @since 0.1.0
 * @category reading
 */
export const believed = (at: string): string | undefined => {
  try {
    return readOwn(at)
  } catch {
    return undefined
  }
}

/**
 * Throws where a directory of the library's own is none, or belongs to somebody else, or others may write to it.
 *
 * @since 0.1.0
 * @category checks
 */
export const requireOwnDirectory = (at: string, stats: fs.Stats): void => {
  if (!stats.isDirectory()) throw noDirectory(at)
  requireMine(at, stats)
}

const ancestors = (at: string): ReadonlyArray<string> => at === "/" ? [] : [path.dirname(at), ...ancestors(path.dirname(at))]

/** Who owns a directory can put anything in the place of what is in it, and so can everybody in one that all may write to. */
const requireNobodyElses = (at: string): void => {
  const stats = fs.statSync(at, { throwIfNoEntry: false })
  if (stats === undefined) return
  const open = (stats.mode & 0o002) !== 0 && (stats.mode & 0o1000) === 0
  if (!stats.isDirectory()) throw noDirectory(at)
  if ((stats.uid !== 0 && !isMine(stats)) || open) {
    throw new NotOurs(`${owned(at, stats)}, and who may change it may replace what is in it: it`)
  }
}

/**
 * Throws where somebody else could put another thing in the place of `at`, by any directory above it: as it is written, and
 * where symbolic links lead.
 *
 * @since 0.1.0
 * @category checks
 */
export const requireSafePlace = (at: string): void => {
  const above = ancestors(at)
  const there = above.find((each) => fs.existsSync(each)) ?? "/"
  const real = fs.realpathSync(there)
  for (const each of new Set([...above, real, ...ancestors(real)])) requireNobodyElses(each)
}
