/**
 * Files that a person wants results in.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { dirname } from "node:path"
import { codeOf } from "./InputFile.ts"
import { OutputLost } from "./Output.ts"

const { O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = fs.constants

/** Whether anybody may put something there, as in /tmp. */
const isOpenToAll = (directory: string): boolean => (fs.statSync(directory).mode & 0o002) !== 0

/** A fault that is told as a system call's. */
class Strange extends Error {
  readonly code = "EPERM"
}

/** In such a directory a name may be another's link to a file of ours, or a file of theirs that would be read by them. */
const openOwn = (file: string): number => {
  const opened = fs.openSync(file, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600)
  const stats = fs.fstatSync(opened)
  if (stats.isFile() && stats.nlink === 1 && stats.uid === process.geteuid?.()) return opened
  fs.closeSync(opened)
  throw new Strange()
}

/**
 * Writes a result to a file, 0600 where it is new. Where anybody may put files, what is there must be our own.
 *
 * @since 0.1.0
 * @category writing
 */
export const writeResult = (file: string, text: string): Effect.Effect<void, OutputLost> =>
  Effect.try({
    try: () => {
      if (!isOpenToAll(dirname(file))) return fs.writeFileSync(file, text, { mode: 0o600 })
      const opened = openOwn(file)
      try {
        fs.ftruncateSync(opened)
        fs.writeFileSync(opened, text)
      } finally {
        fs.closeSync(opened)
      }
    },
    catch: (error) => new OutputLost({ target: file, code: codeOf(error) })
  })
