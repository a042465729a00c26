import { isSealOf, readHead, sealOf } from "@effect-lxc/node-runtime/TarHead"
import { members } from "@effect-lxc/core/plan/ExportFormat"
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { survives } from "../../core/test/fuzz/Mutations.ts"

const head = (): Buffer => {
  const directory = fs.mkdtempSync(join(tmpdir(), "effect-lxc-fuzz-"))
  try {
    for (const member of [members.manifest, members.spec]) fs.writeFileSync(join(directory, member), `{"of":"${member}"}`)
    return execFileSync("tar", ["--create", "--format=posix", "--file=-", `--directory=${directory}`, members.manifest, members.spec])
  } finally {
    fs.rmSync(directory, { recursive: true })
  }
}

describe("the beginning and the end of an export", () => {
  const whole = head()
  const digest = "0".repeat(64)

  it("are read where they are whole, and are otherwise none, whatever the bytes", () => {
    assert.deepStrictEqual(readHead(whole), { manifest: `{"of":"manifest.json"}`, spec: `{"of":"spec.json"}` })
    assert.isTrue(isSealOf(sealOf(digest), digest))
    survives(readHead, [whole, whole.subarray(0, 1_536)])
    survives((bytes) => isSealOf(bytes, digest), [sealOf(digest)])
  })

  it("are not taken for whole where any byte of a header or of the text is another", () => {
    for (let at = 0; at < 512 + digest.length; at++) {
      if (at === 154 || at === 155) continue // what ends the number of the checksum
      const changed = Buffer.from(sealOf(digest))
      changed[at] = (changed[at] ?? 0) ^ 1
      assert.isFalse(isSealOf(changed, digest), `byte ${at}`)
    }
  })

  it("are read in a line of time where there are headers of headers without end", () => {
    const one = whole.subarray(0, 512)
    const empty = Buffer.from(one)
    empty.write("x", 156, "latin1")
    empty.write("00000000000\0", 124, "latin1")
    const sum = empty.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 0x20 : byte), 0)
    empty.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1")
    assert.isUndefined(readHead(Buffer.concat(Array.from({ length: 4_200 }, () => empty))))
  })
})
