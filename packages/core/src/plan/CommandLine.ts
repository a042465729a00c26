/**
 * Commands as a person types them.
 *
 * @since 0.1.0
 */
import { defaultDirectories, type Directories } from "../host/Directories.ts"
import type { Argv } from "./Commands.ts"

/**
 * A word as a POSIX shell reads it.
 *
 * @since 0.1.0
 * @category rendering
 */
export const quote = (word: string): string =>
  /^[A-Za-z0-9_./:=,@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

/**
 * A command as it can be pasted into a shell.
 *
 * @since 0.1.0
 * @category rendering
 */
export const pasted = (argv: ReadonlyArray<string>): string => argv.map(quote).join(" ")

/**
 * The flags of the command line that name these directories; none for those that it uses by default.
 *
 * @since 0.1.0
 * @category conversions
 */
export const directoryFlags = ({ log, run, state }: Directories): ReadonlyArray<string> => [
  ...(run === defaultDirectories.run ? [] : ["--run-dir", run]),
  ...(log === defaultDirectories.log ? [] : ["--log-dir", log]),
  ...(state === defaultDirectories.state ? [] : ["--state-dir", state])
]

/**
 * The command line, as an argument list, that works in these directories.
 *
 * @since 0.1.0
 * @category constructors
 */
export const commandLine = (directories: Directories, ...words: ReadonlyArray<string>): Argv => [
  "effect-lxc",
  ...directoryFlags(directories),
  ...words
]
