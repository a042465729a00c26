/**
 * Promises about loop devices and mounts.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import * as Commands from "@effect-lxc/core/plan/Commands"
import * as Effect from "effect/Effect"
import type { StepCases } from "../ContractCase.ts"
import { applies, cannotBe, does, fails, holds, isOpen, isTrue, same } from "../Expect.ts"
import { attached, befall, type Case, inScratch, mounted } from "../Scene.ts"
import { Stage } from "../Stage.ts"

const lineCount = (pattern: string) =>
  Effect.gen(function*() {
    const { inventory } = yield* Stage
    return (yield* inventory).filter((line) => line.includes(pattern)).length
  })

const attachLoop: StepCases = {
  success: [{
    title: "gives a device that has the file behind it",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { image } = yield* Stage
      const file = HostPath.make(yield* image("obedient"))
      const step: Case<"AttachLoop"> = { _tag: "AttachLoop", file, offset: 0, sizeLimit: 0, readOnly: false, result: "root" }
      const device = yield* does(step)
      yield* isTrue(`${device} is a loop device`, /^\/dev\/loop\d+$/.test(device ?? ""))
      yield* same("devices with the file", yield* lineCount(`loop ${device} ${file}`), 1)
    })
  }],
  already: [{
    title: "gives the device that has the file already",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device, step } = yield* attached()
      yield* same("device", yield* holds(step), device)
    })
  }, {
    title: "does not take another part of the file for it",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { step } = yield* attached()
      yield* isOpen({ ...step, offset: 1024 * 1024 })
    })
  }],
  failure: [{
    title: "fails with losetup's words where there is no file",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const file = yield* inScratch("none")
      const step: Case<"AttachLoop"> = { _tag: "AttachLoop", file, offset: 0, sizeLimit: 0, readOnly: false, result: "root" }
      const { stderr } = yield* fails(step, "CommandFailed", { argv: [...Commands.attachLoop(step)], exitCode: 1, signal: null })
      yield* isTrue(stderr, stderr.includes("No such file or directory"))
      yield* isOpen(step)
    })
  }]
}

const detachLoop: StepCases = {
  success: [{
    title: "takes the file from the device",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device, file } = yield* attached()
      yield* does({ _tag: "DetachLoop", device, file })
      yield* same("devices with the file", yield* lineCount(` ${file}`), 0)
    })
  }, {
    title: "finds the device of a file by itself where the step that gave it never said which",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { file } = yield* attached()
      yield* does({ _tag: "DetachLoop", device: "$root", file })
    })
  }, {
    title: "takes of the devices that it finds by itself none that begins elsewhere in the file",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device, file, step } = yield* attached()
      const later: Case<"AttachLoop"> = { ...step, offset: 1_048_576, result: "later" }
      const other = yield* applies(later)
      yield* does({ _tag: "DetachLoop", device: "$root", file, offset: 0 })
      yield* same("the other", yield* holds(later), other)
      yield* same("devices with the file", yield* lineCount(` ${file}`), 1)
      yield* applies({ _tag: "DetachLoop", device: "$later", file })
      yield* isTrue("they were two", other !== device)
    })
  }],
  already: [{
    title: "finds it detached where the device has another file, and lets that be",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device, file, step } = yield* attached()
      const other: Case<"DetachLoop"> = { _tag: "DetachLoop", device, file: yield* inScratch("none") }
      yield* holds(other)
      yield* applies(other)
      yield* same(file, yield* holds(step), device)
    })
  }],
  failure: [{
    title: "is busy while it is mounted, and goes with that mount",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device, file, target } = yield* mounted
      const step: Case<"DetachLoop"> = { _tag: "DetachLoop", device, file }
      const { inHaste } = yield* Stage
      yield* inHaste(5_000, fails(step, "Busy", { path: device, waitedMs: 5_000, holders: [], mountedOn: [target] }))
      yield* applies({ _tag: "Unmount", source: device, target, timeoutMs: 1_000 })
      yield* holds(step)
    })
  }]
}

const mount: StepCases = {
  success: [{
    title: "puts the file system there",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device, step, target } = yield* mounted
      yield* holds(step)
      yield* same("lines of the mount table", yield* lineCount(`mount ${device} ${target} ext4`), 1)
    })
  }, {
    title: "binds a directory",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const source = yield* inScratch("a")
      const target = yield* inScratch("b")
      for (const path of [source, target]) yield* befall({ _tag: "PutDirectory", path })
      yield* does({ _tag: "Mount", source, target, fsType: null, options: ["bind"] })
    })
  }],
  already: [{
    title: "finds what is mounted there, and does not mount it twice",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device, step, target } = yield* mounted
      yield* holds(step)
      yield* same("lines of the mount table", yield* lineCount(`mount ${device} ${target} `), 1)
    })
  }],
  failure: [{
    title: "is a conflict where somebody else has mounted something",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device } = yield* attached()
      const target = yield* inScratch("a")
      yield* befall({ _tag: "PutDirectory", path: target })
      yield* befall({ _tag: "MountTmpfs", path: target })
      yield* cannotBe({ _tag: "Mount", source: device, target, fsType: null, options: [] }, "Conflict", {
        found: `tmpfs is mounted on ${target}, not ${device}`
      })
    })
  }, {
    title: "fails with mount's exit code 32 where there is nothing to mount on",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device } = yield* attached()
      const target = yield* inScratch("none")
      const step: Case<"Mount"> = { _tag: "Mount", source: device, target, fsType: null, options: [] }
      const { stderr } = yield* fails(step, "CommandFailed", { argv: [...Commands.mount(step, device)], exitCode: 32 })
      yield* isTrue(stderr, stderr.includes("mount point does not exist"))
      yield* isOpen(step)
    })
  }, {
    title: "fails with mount's exit code 32 for another type of file system",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device } = yield* attached()
      const target = yield* inScratch("a")
      yield* befall({ _tag: "PutDirectory", path: target })
      const step: Case<"Mount"> = { _tag: "Mount", source: device, target, fsType: "vfat", options: [] }
      yield* fails(step, "CommandFailed", { argv: [...Commands.mount(step, device)], exitCode: 32 })
      yield* isOpen(step)
    })
  }, {
    title: "is a conflict where the step that gives its device did not",
    run: Effect.gen(function*() {
      const step: Case<"Mount"> = { _tag: "Mount", source: "$root", target: yield* inScratch("a"), fsType: null, options: [] }
      yield* cannotBe(step, "Conflict", { found: "$root is not known" })
      yield* fails(step, "Conflict", { found: "$root is not known" })
    })
  }]
}

const unmount: StepCases = {
  success: [{
    title: "takes it off",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device, target } = yield* mounted
      yield* does({ _tag: "Unmount", source: device, target, timeoutMs: 1_000 })
      yield* same("lines of the mount table", yield* lineCount(` ${target} `), 0)
    })
  }, {
    title: "waits while it is busy",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device, target } = yield* mounted
      yield* befall({ _tag: "Occupy", path: target })
      const { befall: happen } = yield* Stage
      yield* Effect.forkChild(Effect.andThen(Effect.sleep(100), happen({ _tag: "Release", path: target })))
      yield* applies({ _tag: "Unmount", source: device, target, timeoutMs: 5_000 })
      yield* same("lines of the mount table", yield* lineCount(` ${target} `), 0)
    })
  }, {
    title: "frees the loop device with it where that is said, and only there",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device, file, step, target } = yield* mounted
      yield* applies({ _tag: "Unmount", source: device, target, timeoutMs: 1_000 })
      yield* same("devices with the file", yield* lineCount(` ${file}`), 1)
      yield* applies(step)
      yield* does({ _tag: "Unmount", source: device, target, timeoutMs: 1_000, detach: true })
      yield* same("devices with the file", yield* lineCount(` ${file}`), 0)
      yield* holds({ _tag: "DetachLoop", device, file })
    })
  }],
  already: [{
    title: "finds nothing of the source there, and lets what somebody else mounted be",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      const step: Case<"Unmount"> = { _tag: "Unmount", source: "/dev/none", target: path, timeoutMs: 0 }
      yield* befall({ _tag: "PutDirectory", path })
      yield* holds(step)
      yield* befall({ _tag: "MountTmpfs", path })
      yield* holds(step)
      yield* applies(step)
      yield* same("lines of the mount table", yield* lineCount(` ${path} `), 1)
    })
  }],
  failure: [{
    title: "stays busy as long as somebody works there, and names them",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device, step, target } = yield* mounted
      yield* befall({ _tag: "Occupy", path: target })
      const { holders } = yield* fails({ _tag: "Unmount", source: device, target, timeoutMs: 100 }, "Busy", { path: target, waitedMs: 100 })
      yield* same("number of holders", holders.length, 1)
      yield* holds(step)
    })
  }, {
    title: "does not take off what somebody mounted over it",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const { device, target } = yield* mounted
      yield* befall({ _tag: "MountTmpfs", path: target })
      yield* fails({ _tag: "Unmount", source: device, target, timeoutMs: 100 }, "Conflict", {
        found: `tmpfs is mounted on ${target}, not ${device}`
      })
      yield* same("lines of the mount table", yield* lineCount(` ${target} `), 2)
    })
  }]
}

/**
 * @since 0.1.0
 * @category constants
 */
export const disks = { AttachLoop: attachLoop, DetachLoop: detachLoop, Mount: mount, Unmount: unmount }
