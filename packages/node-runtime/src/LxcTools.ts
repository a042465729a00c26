/**
 * Which LXC is installed.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { runTool, ToolDirectories, toolPath } from "./Tools.ts"

/**
 * Asks `lxc-start --version` once for each binary, by path, inode and time of change. Null where there is none.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeLxcVersion = () => {
  const known = new Map<string, string>()
  return Effect.fn("LxcTools.version")(function*() {
    const path = toolPath("lxc-start", yield* ToolDirectories)
    if (path === undefined) return null
    const { ino, mtimeMs } = fs.statSync(path)
    const key = `${path} ${ino} ${mtimeMs}`
    const before = known.get(key)
    if (before !== undefined) return before
    const { stdout } = yield* runTool([path, "--version"], "tool")
    const version = stdout.trim()
    known.set(key, version)
    return version
  })
}
