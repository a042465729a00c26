import { renderShell } from "@effect-lxc/core/plan/RenderShell"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { detachLoop, observeNoMount, unmount } from "@effect-lxc/node-runtime/Disks"
import { statOf } from "@effect-lxc/node-runtime/KernelFiles"
import { backingFileOf, loopsToObserve, usableLoopDevicesOf } from "@effect-lxc/node-runtime/LoopDevices"
import { isMountPoint, mountTable } from "@effect-lxc/node-runtime/Mounts"
import { ToolDirectories, toolPath } from "@effect-lxc/node-runtime/Tools"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { execFileSync } from "node:child_process"
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { makePartitionedImage } from "../../../tools/partitionedImage.ts"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import { inLab } from "./RealTests.ts"

const lab = new RealLab()

const { leavingNothing } = inLab(lab)

const quick = { nics: [], lxc: { settle: "200ms", shutdownTimeout: "5s" } }
const run = (command: string, ...args: ReadonlyArray<string>) =>
  execFileSync(command, args, { encoding: "utf8", timeout: 20_000, stdio: ["ignore", "pipe", "pipe"] }).trim()

/** An empty ext4 image of 4 MiB. */
const dataImage = (name: string): string => {
  const path = `${lab.files}/${name}.img`
  fs.writeFileSync(path, "")
  fs.truncateSync(path, 4 * 1024 * 1024)
  run("mkfs.ext4", "-q", "-F", path)
  return path
}

const parted = (table: "mbr" | "gpt"): string => {
  const path = `${lab.files}/${table}.img`
  makePartitionedImage(path, table, [dataImage("filler"), lab.image("obedient")])
  return path
}

/** The root as the guest sees it, by way of its first process: only for guests that these tests made. */
const insideOf = (name: string) =>
  Effect.map(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.info(name)), ({ initPid }) => `/proc/${initPid}/root`)

const errnoOf = (body: () => void): string => {
  try {
    body()
    return "none"
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "none" // a system call failed
  }
}

describe.runIf(realHost.available)("disks on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  describe("a loop device that is detached", () => {
    const attached = (name: string) => {
      const file = HostPath.make(dataImage(name))
      const device = HostPath.make(run("losetup", "--find", "--show", file))
      return { step: { _tag: "DetachLoop", device, file } as const, files: () => run("losetup", "--noheadings", "--output", "BACK-FILE", "--associated", file) }
    }
    /** Does with the device what a losetup(8) that says no does, and gives what came of it. */
    const detachedBy = (losetup: string, step: Parameters<typeof detachLoop>[0]) => {
      const tools = `${lab.files}/tools`
      fs.mkdirSync(tools, { recursive: true })
      fs.writeFileSync(`${tools}/losetup`, `#!/bin/sh\n${losetup}\n`, { mode: 0o755 })
      return Effect.result(Effect.provideService(detachLoop(step, new Map()), ToolDirectories, [tools, "/usr/sbin", "/usr/bin", "/sbin", "/bin"]))
    }

    it.live("may be gone by itself when losetup(8) is asked for it", () =>
      Effect.gen(function*() {
        const { files, step } = attached("late")
        assert.isTrue(Result.isSuccess(yield* detachedBy(`${toolPath("losetup") ?? ""} "$@"; exit 1`, step)))
        assert.strictEqual(files(), "")
      }))

    it.live("is told of where it stays", () =>
      Effect.gen(function*() {
        const { files, step } = attached("stays")
        const answer = yield* detachedBy("exit 1", step)
        assert.strictEqual(Result.isFailure(answer) ? answer.failure.problem._tag : "none", "CommandFailed")
        assert.strictEqual(files(), step.file)
        run("losetup", "--detach", step.device)
      }))
  })

  it.live("a mount point is told from what is none, whatever is mounted there", () =>
    Effect.sync(() => {
      const at = `${lab.files}/points`
      for (const name of ["tmpfs", "bind", "none"]) fs.mkdirSync(`${at}/${name}`, { recursive: true })
      for (const name of ["file", "bound"]) fs.writeFileSync(`${at}/${name}`, "")
      fs.symlinkSync("/proc", `${at}/link`)
      const points = () => ["tmpfs", "bind", "none", "file", "bound", "link", "missing"].filter((name) => isMountPoint(`${at}/${name}`))
      assert.deepStrictEqual(points(), [])
      run("mount", "-t", "tmpfs", "tmpfs", `${at}/tmpfs`)
      run("mount", "--bind", `${at}/none`, `${at}/bind`)
      run("mount", "--bind", `${at}/file`, `${at}/bound`)
      assert.deepStrictEqual(points(), ["tmpfs", "bind", "bound"])
      for (const name of ["tmpfs", "bind", "bound"]) run("umount", `${at}/${name}`)
      assert.deepStrictEqual(points(), [])
    }))

  it.live("the mount table has what came and went, and what is mounted in the place of what a step is to unmount is not unmounted", () =>
    Effect.gen(function*() {
      const at = HostPath.make(`${lab.files}/known`)
      fs.mkdirSync(at)
      const inTable = () => mountTable().filter(({ target }) => target === at).map(({ source }) => source)
      const step = { _tag: "Unmount", source: "first", target: at, timeoutMs: 1_000 } as const
      assert.deepStrictEqual(inTable(), [])
      run("mount", "-t", "tmpfs", "first", at)
      assert.deepStrictEqual([inTable(), observeNoMount(step, new Map()).done], [["first"], false])
      run("umount", at)
      run("mount", "-t", "tmpfs", "second", at) // the kernel gives it the number of the first
      assert.isTrue(observeNoMount(step, new Map()).done)
      yield* unmount(step, new Map())
      assert.deepStrictEqual(inTable(), ["second"])
      run("mount", "-t", "tmpfs", "above", at)
      assert.deepStrictEqual(inTable(), ["second", "above"])
      run("umount", at)
      run("umount", at)
      assert.deepStrictEqual(inTable(), [])
    }))

  describe("the file behind a loop device", () => {
    const attach = (file: string, ...options: ReadonlyArray<string>): string => run("losetup", "--show", ...options, file)
    const everyLoop = { device: () => true, loop: () => true }
    const seen = (device: string) => backingFileOf(device)?.replace(`${lab.files}/`, "")

    it.live("is another one at once when the device is given another, or none", () =>
      Effect.sync(() => {
        const [one, other] = [dataImage("one"), dataImage("other")]
        const device = attach(one, "--find")
        for (let each = 0; each < 3; each++) {
          assert.strictEqual(seen(device), "one.img")
          run("losetup", "--detach", device)
          assert.isUndefined(seen(device))
          run("losetup", device, other)
          assert.deepStrictEqual([seen(device), usableLoopDevicesOf(other).map((loop) => loop.device)], ["other.img", [device]])
          assert.deepStrictEqual(usableLoopDevicesOf(one), [])
          run("losetup", "--detach", device)
          run("losetup", device, one)
        }
        run("losetup", "--detach", device)
      }))

    it.live("has the name that it has by now, and is another one than what has its name", () =>
      Effect.sync(() => {
        const file = dataImage("first")
        const device = attach(file, "--find")
        assert.strictEqual(seen(device), "first.img")
        fs.renameSync(file, `${lab.files}/second.img`)
        assert.strictEqual(seen(device), "second.img")
        dataImage("first")
        assert.strictEqual(seen(device), "second.img")
        fs.renameSync(`${lab.files}/first.img`, `${lab.files}/second.img`)
        assert.strictEqual(seen(device), "second.img (deleted)")
        run("losetup", "--detach", device)
      }))

    it.live("is another one when a device that is read-only is given another in its use", () =>
      Effect.sync(() => {
        const [one, other] = [dataImage("before"), dataImage("after")]
        const device = attach(one, "--find", "--read-only")
        assert.strictEqual(seen(device), "before.img")
        // LOOP_CHANGE_FD, for which losetup(8) has no option.
        run("perl", "-e", `open(L, "<", "${device}"); open(F, "<", "${other}"); ioctl(L, 0x4c06, fileno(F) + 0) or die $!`)
        assert.strictEqual(seen(device), "after.img")
        run("losetup", "--detach", device)
      }))

    it.live("is seen at once by whoever has looked at all of them a moment ago", () =>
      Effect.sync(() => {
        const [one, other] = [dataImage("here"), dataImage("there")]
        const devicesOf = (file: string) => usableLoopDevicesOf(file).map((loop) => loop.device)
        const lookAtAll = (): void => loopsToObserve({ mounts: mountTable(), look: statOf }, everyLoop).forEach((each) => each())
        const device = attach(other, "--find")
        for (const options of [[], ["--read-only"]]) {
          lookAtAll()
          assert.deepStrictEqual([devicesOf(one), devicesOf(other)], [[], [device]])
          run("losetup", "--detach", device)
          run("losetup", ...options, device, one)
          assert.deepStrictEqual([devicesOf(one), devicesOf(other)], [[device], []])
          lookAtAll()
          fs.renameSync(one, `${lab.files}/elsewhere.img`)
          assert.deepStrictEqual([devicesOf(`${lab.files}/elsewhere.img`), devicesOf(one)], [[device], []])
          fs.renameSync(`${lab.files}/elsewhere.img`, one)
          run("losetup", "--detach", device)
          run("losetup", device, other)
        }
        run("losetup", "--detach", device)
      }))

    it.live("is found though it is empty, by whoever detaches it", () =>
      Effect.gen(function*() {
        const file = HostPath.make(`${lab.files}/empty.img`)
        fs.writeFileSync(file, "")
        const device = attach(file, "--find")
        assert.deepStrictEqual(usableLoopDevicesOf(file), [])
        yield* detachLoop({ _tag: "DetachLoop", device: "$loop", file }, new Map())
        assert.isUndefined(seen(device))
      }))
  })

  it.live("further disks and extra mounts are seen inside at their places, read-only where asked, and leave no trace", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const directory = `${lab.files}/a dir\\`
      fs.mkdirSync(directory, { recursive: true })
      fs.writeFileSync(`${directory}/known`, "from the host")
      fs.writeFileSync(`${lab.files}/table`, "# changed\n")
      const instance = lab.instance("several", "obedient", {
        ...quick,
        disks: [{ path: lab.image("obedient"), volatile: true }, { path: dataImage("data"), target: "mnt" }, { path: directory, target: "root", readOnly: true }],
        lxc: {
          ...quick.lxc,
          mounts: [
            { source: `${lab.files}/table`, target: "etc/inittab", options: ["ro"] },
            { source: directory, target: "run" },
            { source: "tmpfs", target: "tmp", options: ["size=64k", "nosuid"] }
          ]
        }
      })
      for (const bring of ["library", "shell"] as const) {
        if (bring === "library") yield* hypervisor.start(instance)
        else execFileSync("sh", ["-eu"], { input: renderShell(yield* hypervisor.plan.start(instance)), timeout: 30_000 })
        const inside = yield* insideOf(instance.name)
        assert.isTrue(fs.existsSync(`${inside}/mnt/lost+found`))
        fs.writeFileSync(`${inside}/mnt/written`, bring)
        assert.strictEqual(fs.readFileSync(`${inside}/root/known`, "utf8"), "from the host")
        assert.strictEqual(errnoOf(() => fs.writeFileSync(`${inside}/root/x`, "")), "EROFS")
        assert.strictEqual(errnoOf(() => fs.writeFileSync(`${inside}/etc/inittab`, "")), "EROFS")
        assert.strictEqual(fs.readFileSync(`${inside}/etc/inittab`, "utf8"), "# changed\n")
        fs.writeFileSync(`${inside}/run/made`, "inside")
        assert.strictEqual(fs.readFileSync(`${directory}/made`, "utf8"), "inside")
        assert.strictEqual(errnoOf(() => fs.writeFileSync(`${inside}/tmp/much`, Buffer.alloc(200_000))), "ENOSPC")
        if (bring === "library") yield* hypervisor.stop(instance.name)
        else execFileSync("sh", ["-eu"], { input: renderShell(yield* hypervisor.plan.stop(instance.name)), timeout: 30_000 })
      }
    })))

  for (const table of ["mbr", "gpt"] as const) {
    it.live(`the second partition of an image with ${table === "mbr" ? "an MBR" : "a GPT"} is a root`, () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const path = parted(table)
        const instance = lab.instance("parted", "obedient", { ...quick, disks: [{ path, partition: 2 }, { path, partition: 1, target: "mnt" }] })
        yield* hypervisor.start(instance)
        const inside = yield* insideOf(instance.name)
        assert.isTrue(fs.existsSync(`${inside}/mnt/lost+found`))
        const error = yield* Effect.flip(hypervisor.start(lab.instance("other", "obedient", { ...quick, disks: [{ path, partition: 1 }] })))
        assert.include(error.message, `is the disk of ${instance.name}, which is running`)
        yield* hypervisor.stop(instance.name)
        assert.include((yield* Effect.flip(hypervisor.start(lab.instance("none", "obedient", { ...quick, disks: [{ path, partition: 3 }] })))).message, "it has 1, 2")
      })))
  }

  it.live("a block device is known by its number, whatever link names it; its partitions with and without the kernel's help", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const device = run("losetup", "--find", "--show", parted("gpt"))
      const link = `${lab.files}/by-id`
      fs.symlinkSync(device, link)
      const finish = Effect.sync(() => {
        fs.rmSync(link, { force: true })
        if (fs.existsSync(`${device}p2`)) run("partx", "--delete", device)
        run("losetup", "--detach", device)
      })
      yield* Effect.ensuring(
        Effect.gen(function*() {
          const byLink = lab.instance("bylink", "obedient", { ...quick, disks: [{ path: link, partition: 2 }] })
          yield* hypervisor.start(byLink)
          const taken = yield* Effect.flip(hypervisor.start(lab.instance("taken", "obedient", { ...quick, disks: [{ path: device, partition: 2 }] })))
          assert.include(taken.message, `${device} is the disk of ${byLink.name}`)
          yield* hypervisor.stop(byLink.name)
          run("partx", "--add", device)
          const plan = yield* hypervisor.plan.start(byLink)
          assert.isTrue(plan.steps.some((step) => step._tag === "Mount" && step.source === `${device}p2`))
          assert.isFalse(plan.steps.some((step) => step._tag === "AttachLoop"))
          yield* hypervisor.start(byLink)
          const whole = yield* Effect.flip(hypervisor.start(lab.instance("node", "obedient", { ...quick, disks: [{ path: `${device}p2` }] })))
          assert.include(whole.message, `${device}p2 is the disk of ${byLink.name}`)
          yield* hypervisor.stop(byLink.name)
        }),
        finish
      )
    })))

  it.live("a volatile root takes writes up to its size, forgets them at stop, and leaves its image as it was", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const image = lab.image("obedient")
      const checksum = () => createHash("sha256").update(fs.readFileSync(image)).digest("hex")
      const before = checksum()
      const instance = lab.instance("volatile", "obedient", { ...quick, disks: [{ path: image, volatile: true, volatileSize: "1MiB" }] })
      for (let round = 0; round < 2; round++) {
        yield* hypervisor.start(instance)
        const inside = yield* insideOf(instance.name)
        assert.isFalse(fs.existsSync(`${inside}/etc/written`))
        fs.writeFileSync(`${inside}/etc/written`, "here")
        fs.rmSync(`${inside}/etc/inittab`)
        assert.strictEqual(errnoOf(() => fs.writeFileSync(`${inside}/much`, Buffer.alloc(2_000_000))), "ENOSPC")
        if (round === 0) {
          process.kill(Number(fs.readFileSync(lab.directories.monitorPid(instance.name), "utf8")), "SIGKILL")
          yield* Effect.sleep(200)
        }
      }
      yield* hypervisor.stop(instance.name)
      assert.strictEqual(checksum(), before)
    })))

  it.live("a place that the guest lacks, or that is a link out of it, fails the start in LXC's words and makes nothing on the host", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const mounted = (target: string) => lab.instance("noplace", "obedient", { ...quick, lxc: { ...quick.lxc, mounts: [{ source: lab.files, target }] } })
      const missing = yield* Effect.flip(hypervisor.start(mounted("not/there")))
      assert.include(missing.message, "not/there")
      const root = `${lab.files}/linked`
      fs.mkdirSync(root, { recursive: true })
      const outside = `${lab.files}/outside`
      fs.mkdirSync(outside, { recursive: true })
      fs.symlinkSync(outside, `${root}/link`)
      const hostile = lab.instance("hostile", "obedient", {
        ...quick,
        disks: [{ path: lab.image("obedient") }, { path: root, target: "mnt" }],
        lxc: { ...quick.lxc, mounts: [{ source: lab.files, target: "mnt/link/x" }] }
      })
      assert.include((yield* Effect.flip(hypervisor.start(hostile))).message, "mnt/link/x")
      assert.deepStrictEqual(fs.readdirSync(outside), [])
    })))
})
