/**
 * Which LXC is installed.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { replaceFile, systemCall } from "./HostFiles.ts"
import { believed, requireOwnDirectory, requireSafePlace } from "./OwnFiles.ts"
import { runTool, ToolDirectories, toolPath } from "./Tools.ts"

/** What another process of ours was told by the same binary: the key, and then the version. */
const remembered = (file: string, key: string): string | undefined => {
  const [known, version] = (believed(file) ?? "").split("\n")
  return known === key && version !== "" ? version : undefined
}

/** Where there are no locks yet nothing is written: then nothing was ever changed on this host. */
const remember = (directories: Directories, key: string, version: string) =>
  systemCall("lstat", directories.locks, () => {
    requireSafePlace(directories.lxcVersion)
    requireOwnDirectory(directories.locks, fs.lstatSync(directories.locks))
  }).pipe(
    Effect.andThen(replaceFile(directories.lxcVersion, 0o600, `${key}\n${version}\n`)),
    Effect.ignore // a shortcut for the next process: without it that one asks again
  )

/**
 * Asks `lxc-start --version` once for each binary, by path, inode and time of change, and remembers the answer for other
 * processes too. Null where there is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeLxcVersion = () => {
  const known = new Map<string, string>()
  return Effect.fn("LxcTools.version")(function*(directories: Directories) {
    const path = toolPath("lxc-start", yield* ToolDirectories)
    if (path === undefined) return null
    const { dev, ino, mtimeMs } = fs.statSync(path)
    const key = `${path} ${dev}:${ino} ${mtimeMs}`
    const before = known.get(key) ?? remembered(directories.lxcVersion, key)
    if (before !== undefined) {
      known.set(key, before)
      return before
    }
    const { stdout } = yield* runTool([path, "--version"], "tool")
    const version = stdout.trim()
    known.set(key, version)
    yield* remember(directories, key, version)
    return version
  })
}
