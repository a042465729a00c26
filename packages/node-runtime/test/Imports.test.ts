import { HostPath } from "@effect-lxc/core/model/HostPath"
import { members, type RootKind } from "@effect-lxc/core/plan/ExportFormat"
import { importArchive } from "@effect-lxc/node-runtime/ExportSteps"
import { sealOf } from "@effect-lxc/node-runtime/TarHead"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"

const top = fs.mkdtempSync(join(tmpdir(), "effect-lxc-imports-"))
afterAll(() => fs.rmSync(top, { recursive: true, force: true }))
const outside = join(top, "outside")
const spec = "{}"

/** What an export of a directory holds. */
const layOut = (directory: string): void => {
  fs.mkdirSync(join(directory, "root"), { recursive: true })
  fs.writeFileSync(join(directory, members.manifest), "{}")
  fs.writeFileSync(join(directory, members.spec), spec)
  fs.writeFileSync(join(directory, "root/kept"), "kept")
}

const tar = (directory: string, ...args: ReadonlyArray<string>): void =>
  void execFileSync("tar", [`--directory=${directory}`, "--absolute-names", ...args])

const wellFormed = [members.manifest, members.spec, "root"]

/** A sealed stream that is made in a directory of its own, what comes of importing it, and what is outside afterwards. */
const imported = (make: (directory: string, file: string) => void, kind: RootKind = "directory") => {
  fs.rmSync(top, { recursive: true, force: true })
  fs.mkdirSync(outside, { recursive: true })
  fs.writeFileSync(join(outside, "precious"), "keep me")
  const source = join(top, "source")
  const archive = join(top, "archive")
  layOut(source)
  make(source, archive)
  const bytes = fs.readFileSync(archive)
  fs.appendFileSync(archive, sealOf(createHash("sha256").update(bytes).digest("hex")))
  const directory = join(top, ".web1.import")
  fs.mkdirSync(directory)
  const step = { _tag: "ImportArchive", archive: HostPath.make(archive), directory: HostPath.make(directory), kind, spec, timeoutMs: 20_000 } as const
  return Effect.map(Effect.result(importArchive(step)), (result) => {
    assert.deepStrictEqual(fs.readdirSync(outside), ["precious"])
    assert.strictEqual(fs.readFileSync(join(outside, "precious"), "utf8"), "keep me")
    assert.isAtMost(fs.statSync(join(outside, "precious")).nlink, 3, "it has the names that the test has made, and no other")
    assert.isFalse(fs.existsSync(join(top, "evil")))
    return Result.match(result, { onFailure: ({ message }) => message, onSuccess: () => "it is imported" })
  })
}

/** Streams whose seal is right: whoever makes one may put anything into it. */
const hostile: Readonly<Record<string, readonly [make: (directory: string, file: string) => void, outcome: RegExp, kind?: RootKind]>> = {
  "a member beside those of an export": [(directory, file) => {
    fs.writeFileSync(join(directory, "evil"), "")
    tar(directory, "-cf", file, ...wellFormed, "evil")
  }, /it holds "evil", which no export does/],
  "a member above it, by ..": [(directory, file) => {
    fs.writeFileSync(join(directory, "evil"), "")
    tar(directory, "-cf", file, "--transform=s,^evil,root/../../evil,", ...wellFormed, "evil")
  }, /Member name contains '\.\.'|which no export does/],
  "a member of the host, by its whole path": [(directory, file) => {
    fs.writeFileSync(join(directory, "evil"), "")
    tar(directory, "-cf", file, `--transform=s,^evil,${outside}/evil,`, ...wellFormed, "evil")
  }, /which no export does/],
  "a member by way of a link that it has brought": [(directory, file) => {
    fs.symlinkSync(outside, join(directory, "root/link"))
    fs.writeFileSync(join(directory, "evil"), "")
    tar(directory, "-cf", file, "--transform=flags=rh;s,^evil,root/link/evil,", ...wellFormed, "evil")
  }, /Cannot open|File exists|Not a directory/],
  "a member over one that it has brought": [(directory, file) => {
    tar(directory, "-cf", file, ...wellFormed)
    fs.writeFileSync(join(directory, "root/kept"), "other")
    tar(directory, "-rf", file, "root/kept")
  }, /File exists/],
  "a hard link to a file of the host": [(directory, file) => {
    fs.linkSync(join(outside, "precious"), join(directory, "root/a"))
    fs.linkSync(join(outside, "precious"), join(directory, "root/b"))
    tar(directory, "-cf", file, `--transform=flags=h;s,^root/a$,${outside}/precious,`, ...wellFormed)
  }, /Cannot hard link|it is imported/],
  "a root that is a link": [(directory, file) => {
    fs.rmSync(join(directory, "root"), { recursive: true })
    fs.symlinkSync(outside, join(directory, "root"))
    tar(directory, "-cf", file, ...wellFormed)
  }, /does not hold its root as a directory/],
  "an image that is a link": [(directory, file) => {
    fs.rmSync(join(directory, "root"), { recursive: true })
    fs.symlinkSync(join(outside, "precious"), join(directory, members.image))
    tar(directory, "-cf", file, members.manifest, members.spec, members.image)
  }, /does not hold its root as an image/, "image"],
  "a directory in place of an image": [(directory, file) => {
    fs.mkdirSync(join(directory, members.image))
    tar(directory, "-cf", file, members.manifest, members.spec, members.image)
  }, /does not hold its root as an image/, "image"],
  "another spec than it began with": [(directory, file) => {
    fs.writeFileSync(join(directory, members.spec), "{ }")
    tar(directory, "-cf", file, ...wellFormed)
  }, /another spec than the plan was made for/],
  "a spec that is a link": [(directory, file) => {
    fs.rmSync(join(directory, members.spec))
    fs.symlinkSync(join(outside, "precious"), join(directory, members.spec))
    tar(directory, "-cf", file, ...wellFormed)
  }, /another spec than the plan was made for/]
}

/** tar(1) of GNU, and owners to restore, are the host's. */
describe.runIf(process.platform === "linux" && process.geteuid?.() === 0)("an import of a sealed stream", () => {
  it.live("unpacks what an export holds", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* imported((directory, file) => tar(directory, "-cf", file, ...wellFormed)), "it is imported")
      assert.strictEqual(fs.readFileSync(join(top, ".web1.import/root/kept"), "utf8"), "kept")
    }))

  for (const [what, [make, outcome, kind]] of Object.entries(hostile)) {
    it.live(`with ${what} changes nothing outside of its directory`, () =>
      Effect.gen(function*() {
        assert.match(yield* imported(make, kind), outcome)
      }))
  }
})
