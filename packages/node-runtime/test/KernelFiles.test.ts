import { visitDirectories } from "@effect-lxc/node-runtime/KernelFiles"
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

describe("directories that are visited", () => {
  const inDirectory = (body: (root: string) => void): void => {
    const root = fs.mkdtempSync(join(tmpdir(), "effect-lxc-visited-"))
    try {
      body(root)
    } finally {
      execFileSync("rm", ["-rf", "--", root], { timeout: 60_000 })
    }
  }
  const openFiles = (): number => fs.readdirSync("/proc/self/fd").length

  it("are all below one, each once, and no link is followed", () =>
    inDirectory((root) => {
      for (const each of ["a/b", "a/c/d", "e"]) fs.mkdirSync(join(root, each), { recursive: true })
      fs.symlinkSync("/", join(root, "a/link"))
      const seen: Array<string> = []
      visitDirectories(root, (at) => seen.push(fs.readlinkSync(at).slice(root.length)))
      assert.deepStrictEqual(seen.sort(), ["", "/a", "/a/b", "/a/c", "/a/c/d", "/e"])
      visitDirectories(join(root, "none"), () => assert.fail("there is none"))
    }))

  it("may be deeper than calls can be nested, and take no more open files than a few", () =>
    inDirectory((root) => {
      const dig = "for (let depth = 0; depth < 12000; depth++) { fs.mkdirSync('a'); process.chdir('a') }"
      execFileSync(process.execPath, ["-e", dig], { cwd: root, timeout: 60_000 })
      const before = openFiles()
      let [visited, most] = [0, 0]
      visitDirectories(root, () => {
        visited += 1
        if (visited % 1_000 === 0) most = Math.max(most, openFiles())
      })
      assert.strictEqual(visited, 12_001)
      assert.isAtMost(most, before + 5)
      assert.strictEqual(openFiles(), before)
    }))

  it("leave no file open where a visit fails", () =>
    inDirectory((root) => {
      fs.mkdirSync(join(root, "a/b"), { recursive: true })
      const before = openFiles()
      const fail = (at: string): void => {
        if (fs.readlinkSync(at).endsWith("/b")) throw new Error("no")
      }
      assert.throws(() => visitDirectories(root, fail), "no")
      assert.strictEqual(openFiles(), before)
    }))
})
