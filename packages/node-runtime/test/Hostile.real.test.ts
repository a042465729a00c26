import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { writeFile } from "@effect-lxc/node-runtime/HostFiles"
import * as NodeJournal from "@effect-lxc/node-runtime/NodeJournal"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import { Directories } from "@effect-lxc/core/host/Directories"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { layOutBusyboxRoot } from "../../../tools/busyboxImage.ts"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import { inLab, quick } from "./RealTests.ts"

const lab = new RealLab()
const { leavingNothing } = inLab(lab)
const at = (name: string) => `${lab.files}/${name}`

/** Names, owners, modes and contents of what the guest's links lead to. */
const look = (directory: string): string =>
  execFileSync("sh", ["-c", `cd "$1" && find . -printf '%p %y %m %U %G %s\\n' | sort`, "sh", directory], { encoding: "utf8" })

describe.runIf(realHost.available)("hostile guests and full disks on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  const links = ["dev", "proc", "sys", "mnt", "etc", "run", "tmp"] as const
  for (const link of links) {
    for (const target of ["outside", "../../../../../../outside"]) {
      it.live(`a root whose /${link} is a link to ${target === "outside" ? "a place on the host" : "it by many .."} changes nothing there`, () =>
        leavingNothing(Effect.gen(function*() {
          const hypervisor = yield* Hypervisor
          const [root, outside] = [at("linked"), at("outside")]
          layOutBusyboxRoot(root, "obedient")
          fs.mkdirSync(`${outside}/deep`, { recursive: true })
          fs.writeFileSync(`${outside}/precious`, "keep me")
          fs.rmSync(`${root}/${link}`, { recursive: true, force: true })
          fs.symlinkSync(target === "outside" ? outside : `../../../../../../../..${outside}`, `${root}/${link}`)
          const before = look(outside)
          const instance = lab.instance(`links-${link}`, "obedient", {
            disks: [{ path: root }],
            lxc: { ...quick.lxc, ...(link === "mnt" ? { mounts: [{ source: lab.files, target: "mnt/deep" }] } : {}) }
          })
          yield* Effect.exit(hypervisor.start(instance))
          yield* hypervisor.kill(instance.name)
          assert.strictEqual(look(outside), before)
          assert.strictEqual(fs.readFileSync(`${outside}/precious`, "utf8"), "keep me")
          for (const each of [root, outside]) fs.rmSync(each, { recursive: true })
        })), 30_000)
    }
  }

  describe("on a disk that is full", () => {
    const small = at("small")
    const full = <A, E>(body: Effect.Effect<A, E>) =>
      Effect.acquireUseRelease(
        Effect.sync(() => {
          fs.mkdirSync(small)
          execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k,mode=0700", "tmpfs", small])
        }),
        () => body,
        () => Effect.sync(() => {
          execFileSync("umount", [small])
          fs.rmdirSync(small)
        })
      )
    const fill = () => {
      const file = fs.openSync(`${small}/filler`, "w")
      try {
        for (;;) fs.writeSync(file, Buffer.alloc(4096))
      } catch {
        fs.closeSync(file) // full now
      }
    }

    it.live("a file that is written is the old one, whole, with nothing beside it, and the error names it", () =>
      full(Effect.gen(function*() {
        const path = HostPath.make(`${small}/config`)
        const step = { _tag: "WriteFile", path, mode: "0600", text: "old\n", previous: null } as const
        yield* writeFile(step)
        fill()
        const { problem } = yield* Effect.flip(writeFile({ ...step, text: "new\n".repeat(10_000) }))
        assert.deepInclude(problem, { _tag: "SystemCallFailed", path, code: "ENOSPC" })
        assert.strictEqual(fs.readFileSync(path, "utf8"), "old\n")
        assert.deepStrictEqual(fs.readdirSync(small).sort(), ["config", "filler"])
      })))

    it.live("an intent that cannot be written to the journal is an error that names it, and the journal is read to where it is whole", () =>
      full(Effect.gen(function*() {
        const directories = new Directories({ run: HostPath.make(`${small}/run`), log: HostPath.make(at("log")), state: HostPath.make(at("state")) })
        yield* Effect.scoped(Effect.gen(function*() {
          const journals = yield* Journal
          const journal = yield* journals.open(directories, "web1")
          yield* journal.append({ _tag: "Begun", operation: "start", instance: "web1", at: "2026-01-01T00:00:00.000Z", bootId: "b" })
          fill()
          const entry = { _tag: "Intent", undo: true, step: { _tag: "WriteFile", path: HostPath.make("/a"), mode: "0600", text: "x".repeat(100_000), previous: null } } as const
          const { problem } = yield* Effect.flip(journal.append(entry))
          assert.deepInclude(problem, { _tag: "SystemCallFailed", path: directories.journal("web1"), code: "ENOSPC" })
          assert.deepStrictEqual((yield* journals.read(directories, "web1")).map(({ _tag }) => _tag), ["Begun"])
        })).pipe(Effect.provide(NodeJournal.layer))
      })))
  })
})
