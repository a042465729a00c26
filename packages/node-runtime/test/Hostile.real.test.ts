import { decodeGuestCommand } from "@effect-lxc/core/model/GuestCommand"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { collect } from "@effect-lxc/core/runtime/Attaching"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { writeFile } from "@effect-lxc/node-runtime/HostFiles"
import * as NodeJournal from "@effect-lxc/node-runtime/NodeJournal"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import { Directories } from "@effect-lxc/core/host/Directories"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { execFileSync, spawn } from "node:child_process"
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

  /** How a start ends where a directory of the root is a link out of it, and what LXC says where it fails. */
  const links = {
    dev: 'Failed to mount "/dev"',
    proc: "/proc was a symbolic link!",
    mnt: "/mnt/new was a symbolic link!",
    sys: "it runs",
    etc: "it runs",
    run: "it runs",
    tmp: "it runs"
  } as const
  for (const [link, outcome] of Object.entries(links)) {
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
            lxc: { ...quick.lxc, ...(link === "mnt" ? { mounts: [{ source: lab.files, target: "mnt/new" }] } : {}) }
          })
          const started = yield* Effect.match(hypervisor.start(instance), { onFailure: (error) => error.message, onSuccess: () => "it runs" })
          yield* hypervisor.kill(instance.name)
          assert.strictEqual(look(outside), before)
          assert.strictEqual(fs.readFileSync(`${outside}/precious`, "utf8"), "keep me")
          for (const each of [root, outside]) fs.rmSync(each, { recursive: true })
          assert.include(started, outcome)
        })), 30_000)
    }
  }

  /** A place on the host with a program that tells when it is run, and a root of a guest. */
  const trap = (link: string, to: (outside: string) => string) => {
    const [root, outside] = [at("trap"), at("outside")]
    layOutBusyboxRoot(root, "obedient")
    fs.mkdirSync(`${outside}/deep`, { recursive: true })
    fs.writeFileSync(`${outside}/init`, `#!/bin/sh\necho run > ${outside}/was-run\nsleep 1\n`, { mode: 0o755 })
    fs.rmSync(`${root}/${link}`, { recursive: true, force: true })
    fs.symlinkSync(to(outside), `${root}/${link}`)
    const before = look(outside)
    return {
      root,
      requireUntouched: () => {
        assert.strictEqual(look(outside), before)
        assert.isFalse(fs.readFileSync("/proc/self/mountinfo", "utf8").includes(outside))
        for (const each of [root, outside]) fs.rmSync(each, { recursive: true })
      }
    }
  }

  for (const [how, up] of [["", ""], [" by many ..", "../../../../../../../.."]] as const) {
    it.live(`an /sbin/init that is a link to a program of the host${how} is looked for in the guest alone`, () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const { requireUntouched, root } = trap("sbin/init", (outside) => `${up}${outside}/init`)
        const error = yield* Effect.flip(hypervisor.start(lab.instance("init", "obedient", { disks: [{ path: root }], ...quick })))
        assert.include(error.message, 'Failed to exec "/sbin/init"')
        requireUntouched()
      })))
  }

  it.live("a further disk is not mounted where a link of the guest leads", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      fs.mkdirSync(at("further"))
      for (const up of ["", "../../../../../../../.."]) {
        const { requireUntouched, root } = trap("mnt", (outside) => `${up}${outside}`)
        const instance = lab.instance("further", "obedient", { disks: [{ path: root }, { path: at("further"), target: "mnt/new" }], ...quick })
        const error = yield* Effect.flip(hypervisor.start(instance))
        assert.include(error.message, "/mnt/new was a symbolic link!")
        requireUntouched()
      }
      fs.rmdirSync(at("further"))
    })))

  const inGuest = (name: InstanceName, script: string) =>
    Effect.scoped(Effect.flatMap(Hypervisor, (hypervisor) =>
      Effect.flatMap(
        hypervisor.exec(name, Result.getOrThrow(decodeGuestCommand({ argv: ["/bin/sh", "-c", script] })), { stdio: { _tag: "pipe" } }),
        collect
      )))

  it.live("what a guest mounts inside is gone with it, and hinders no stop", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("mounting", "obedient", quick)
      yield* hypervisor.start(instance)
      const script = "mount -t tmpfs none /mnt && mkdir /mnt/a && mount -o bind / /mnt/a && mount -t tmpfs none /mnt/a/tmp && mount -t tmpfs none /root"
      assert.deepInclude(yield* inGuest(instance.name, script), { exitCode: 0 })
      yield* hypervisor.stop(instance.name)
    })))

  it.live("a guest that has filled its disk is looked at and stopped as any other", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("filling", "obedient", { ...quick, disks: [{ path: lab.image("obedient"), volatile: true, volatileSize: "1MiB" }] })
      yield* hypervisor.start(instance)
      assert.notStrictEqual((yield* inGuest(instance.name, "dd if=/dev/zero of=/fill bs=64k")).exitCode, 0)
      const { problem, root } = yield* hypervisor.info(instance.name)
      assert.strictEqual(problem, null)
      assert.isAtLeast(root?.usedBytes ?? 0, 1_000_000)
      yield* hypervisor.stop(instance.name)
    })))

  it.live("who holds a root is named on one line, whatever it calls itself", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("held", "obedient", quick)
      yield* hypervisor.start(instance)
      const holder = spawn("sleep", ["60"], { argv0: "good\n\u001b[2J\u202eevil", cwd: lab.directories.rootfs(instance.name), stdio: "ignore" })
      const gone = Effect.promise(() => new Promise((resolve) => holder.once("exit", resolve).kill("SIGKILL")))
      const error = yield* Effect.ensuring(Effect.flip(hypervisor.stop(instance.name)), gone)
      assert.include(error.message.split("\n"), `  held by ${holder.pid} (good\\n\\u{1b}[2J\\u{202e}evil 60)`)
      yield* hypervisor.stop(instance.name)
    })))

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
