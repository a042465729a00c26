import { HostPath } from "@effect-lxc/core/model/HostPath"
import { renderShell } from "@effect-lxc/core/plan/RenderShell"
import type { Step } from "@effect-lxc/core/plan/Step"
import { assert, describe, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { host, instance, planOf, startPlan } from "./fixtures.ts"

const start = startPlan(instance(), host())

/** Runs the script of one step with tools that only say how they were called. */
const run = (step: Step, tools: string) => {
  const ended = spawnSync("sh", ["-eu"], { input: `${tools}\n${renderShell(planOf(start, "start", [step]))}`, encoding: "utf8" })
  assert.strictEqual(ended.stderr, "")
  assert.strictEqual(ended.status, 0)
  return ended.stdout
}

/** A directory for the files of a test. */
const inDirectory = (body: (directory: string) => void) => {
  const directory = mkdtempSync(join(tmpdir(), "effect-lxc-"))
  try {
    body(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}

describe("the script of a step whose result holds already runs nothing:", () => {
  it("an interface that is not there is not deleted, one that is, is", () => {
    const tools = 'ip() { printf "%s " ip "$@"; }'
    assert.strictEqual(run({ _tag: "DeleteInterface", name: "no-such-nic" }, tools), "")
    assert.strictEqual(run({ _tag: "DeleteInterface", name: "lo" }, tools), "ip link delete dev lo ")
  })

  it("a loop device is detached only if it has the file", () => {
    const step = { _tag: "DetachLoop", device: HostPath.make("/dev/loop0"), file: HostPath.make("/srv/a.img") } as const
    const tools = (file: string) =>
      `losetup() { if [ "$1" = --noheadings ]; then echo ${file}; else printf "%s " losetup "$@"; fi; }`
    assert.strictEqual(run(step, tools("/srv/b.img")), "")
    assert.strictEqual(run(step, tools("")), "")
    assert.strictEqual(run(step, tools("/srv/a.img")), "losetup --detach /dev/loop0 ")
  })

  it("what is not mounted is not unmounted", () => {
    const step = { _tag: "Unmount", source: "/dev/loop0", target: "/nowhere at all", timeoutMs: 100 } as const
    assert.strictEqual(run(step, 'umount() { echo umount; }\nmountpoint() { return 1; }'), "")
    const once = 'umount() { printf "%s " "$@"; }\nmountpoint() { return 0; }'
    assert.strictEqual(run(step, once), "--no-canonicalize -- /nowhere at all ")
    assert.strictEqual(run({ ...step, detach: true }, once), "--no-canonicalize --detach-loop -- /nowhere at all ")
  })
})

describe("the script of a step on files does what the step says:", () => {
  it("a directory with its mode, and the one that is there stays", () =>
    inDirectory((directory) => {
      const step = { _tag: "MakeDirectory", path: HostPath.make(`${directory}/a b`), mode: "0711", keep: false } as const
      run(step, "")
      assert.strictEqual(statSync(step.path).mode & 0o777, 0o711)
      run({ ...step, mode: "0700" }, "")
      assert.strictEqual(statSync(step.path).mode & 0o777, 0o711)
    }))

  it("a directory of a group", () =>
    inDirectory((directory) => {
      const group = process.geteuid?.() === 0 ? 12_345 : process.getegid?.() ?? 0
      const step = { _tag: "MakeDirectory", path: HostPath.make(`${directory}/a b`), mode: "0710", keep: false, group } as const
      run(step, "")
      const { gid, mode } = statSync(step.path)
      assert.deepStrictEqual([gid, mode & 0o777], [group, 0o710])
    }))

  it("a file with exactly its text and its mode", () =>
    inDirectory((directory) => {
      const text = "it's\n$HOME `x` \\n %s\ttab\n\n"
      const path = HostPath.make(`${directory}/a'b`)
      run({ _tag: "WriteFile", path, mode: "0644", text, previous: null }, "")
      assert.strictEqual(readFileSync(path, "utf8"), text)
      assert.strictEqual(statSync(path).mode & 0o777, 0o644)
    }))

  it("what is moved back is what was moved: not what stands in its place beside it", () =>
    inDirectory((directory) => {
      const [from, to] = [HostPath.make(`${directory}/place`), HostPath.make(`${directory}/growing`)]
      const back = { _tag: "MoveIntoPlace", from, to, replace: false, ifThere: true } as const
      run(back, "")
      writeFileSync(from, "moved")
      run(back, "")
      assert.strictEqual(readFileSync(to, "utf8"), "moved")
      writeFileSync(from, "another's")
      run(back, "")
      assert.deepStrictEqual([from, to].map((path) => readFileSync(path, "utf8")), ["another's", "moved"])
    }))

  it("what is moved back is that and nothing else, where it is said what it is", () =>
    inDirectory((directory) => {
      const [from, to] = [HostPath.make(`${directory}/place`), HostPath.make(`${directory}/growing`)]
      writeFileSync(from, "moved")
      const { birthtimeNs, dev, ino } = statSync(from, { bigint: true })
      const what = `${dev}:${ino}:${birthtimeNs / 1_000_000_000n}.${String(birthtimeNs % 1_000_000_000n).padStart(9, "0")}`
      const back = { _tag: "MoveIntoPlace", from, to, replace: false, ifThere: true, what } as const
      run(back, "")
      assert.strictEqual(readFileSync(to, "utf8"), "moved")
      writeFileSync(from, "another's")
      unlinkSync(to)
      run(back, "")
      assert.strictEqual(readFileSync(from, "utf8"), "another's")
    }))

  it("a root goes with what LXC made in it, and with nothing else", () =>
    inDirectory((directory) => {
      const path = HostPath.make(`${directory}/rootfs`)
      const step = { _tag: "RemoveDirectory", path, ifEmpty: true, root: "goes" } as const
      for (const name of ["dev", "proc"]) mkdirSync(`${path}/${name}`, { recursive: true })
      run({ ...step, ifEmpty: false }, "")
      assert.isFalse(existsSync(path))
      run(step, "")
      mkdirSync(`${path}/dev`, { recursive: true })
      run({ ...step, root: "stays" }, "")
      assert.isFalse(existsSync(`${path}/dev`))
      assert.isTrue(existsSync(path))
      mkdirSync(`${path}/dev`, { recursive: true })
      writeFileSync(`${path}/dev/kept`, "")
      run(step, "")
      assert.isTrue(statSync(`${path}/dev/kept`).isFile())
    }))

  it("what is in a directory is never removed with it", () =>
    inDirectory((directory) => {
      writeFileSync(`${directory}/kept`, "")
      run({ _tag: "RemoveDirectory", path: HostPath.make(directory), ifEmpty: true }, "")
      assert.isTrue(statSync(`${directory}/kept`).isFile())
      run({ _tag: "RemoveFile", path: HostPath.make(`${directory}/kept`) }, "")
      run({ _tag: "RemoveFile", path: HostPath.make(`${directory}/kept`) }, "")
      run({ _tag: "RemoveDirectory", path: HostPath.make(`${directory}/none`), ifEmpty: false }, "")
    }))
})
