import { HostPath } from "@effect-lxc/core/model/HostPath"
import { writeFile } from "@effect-lxc/node-runtime/HostFiles"
import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

it.effect("a file is replaced, not written over: who reads the old one reads it to its end", () =>
  Effect.gen(function*() {
    const root = fs.mkdtempSync(join(tmpdir(), "effect-lxc-files-"))
    const path = HostPath.make(`${root}/instance.json`)
    fs.writeFileSync(path, "the old text", { mode: 0o600 })
    const reader = fs.openSync(path, "r")
    const write = { _tag: "WriteFile", path, mode: "0600", text: "new", previous: null } as const
    yield* writeFile(write)
    assert.deepStrictEqual([fs.readFileSync(reader, "utf8"), fs.readFileSync(path, "utf8")], ["the old text", "new"])
    assert.deepStrictEqual(fs.readdirSync(root), ["instance.json"])
    fs.closeSync(reader)
    fs.rmSync(root, { recursive: true })
  }))
