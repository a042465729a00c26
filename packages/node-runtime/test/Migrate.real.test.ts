import { HostPath } from "@effect-lxc/core/model/HostPath"
import { renderShell } from "@effect-lxc/core/plan/RenderShell"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { removeTree } from "@effect-lxc/node-runtime/ExportSteps"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { execFileSync, spawn } from "node:child_process"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll } from "vitest"
import { layOutBusyboxRoot } from "../../../tools/busyboxImage.ts"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import { inLab } from "./RealTests.ts"

const lab = new RealLab()
const quick = { lxc: { settle: "300ms", shutdownTimeout: "10s" } }
const images = () => HostPath.make(`${lab.files}/moved`)
const at = (name: string) => HostPath.make(`${lab.files}/${name}`)

const { onHost } = inLab(lab)

/** Everything below a directory, links not followed: owner, mode, kind, link, content and extended attributes. */
const listing = (directory: string): string =>
  execFileSync("sh", ["-c", `cd "$1" && find . -printf '%p %y %m %U %G %l %n %s\\n' | LC_ALL=C sort && find . -type f -exec sha256sum {} + | LC_ALL=C sort && getfattr -dR -m - . 2>/dev/null || :`, "sh", directory], { encoding: "latin1" })

const files = () => fs.existsSync(images()) ? fs.readdirSync(images()).sort() : []

/** Runs the body, removes what it imported and exported, and asserts that nothing else is left. */
const leavingNothing = <A, E>(body: Effect.Effect<A, E, Hypervisor>) =>
  Effect.gen(function*() {
    const before = lab.snapshot()
    yield* Effect.tapCause(onHost(body), () => Effect.sync(() => lab.reset()))
    fs.rmSync(images(), { recursive: true, force: true })
    for (const name of fs.readdirSync(lab.files)) if (name.includes("export")) fs.rmSync(at(name))
    assert.deepStrictEqual(lab.differences(before), [])
  })

describe.runIf(realHost.available)("export and import on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  it.live("what somebody bound into what is removed stays, though it is of the same file system", () =>
    Effect.gen(function*() {
      const path = HostPath.make(`${lab.files}/.old.import`)
      const [inside, kept] = [`${path}/inside`, `${lab.files}/kept`]
      for (const each of [inside, kept]) fs.mkdirSync(each, { recursive: true })
      fs.writeFileSync(`${kept}/precious`, "keep me")
      execFileSync("mount", ["--bind", kept, inside], { timeout: 10_000 })
      const refused = yield* Effect.flip(removeTree({ _tag: "RemoveTree", path })).pipe(
        Effect.ensuring(Effect.sync(() => execFileSync("umount", [inside], { timeout: 10_000 })))
      )
      assert.include(refused.message, `${inside} is mounted in what is to be removed`)
      assert.strictEqual(fs.readFileSync(`${kept}/precious`, "utf8"), "keep me")
      yield* removeTree({ _tag: "RemoveTree", path })
      assert.isFalse(fs.existsSync(path))
      fs.rmSync(kept, { recursive: true })
    }))

  it.live("a running container is refused, stopped with stop, and lives on by another name with what it had written", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("old", "busybox", quick)
      yield* hypervisor.start(instance)
      const pid = (yield* hypervisor.info(instance.name)).initPid
      fs.writeFileSync(`/proc/${pid}/root/written`, "by a guest")
      const refused = yield* Effect.flip(hypervisor.export(instance.name, at("one.export")))
      assert.strictEqual(refused._tag, "PlanRejected")
      assert.strictEqual((yield* hypervisor.info(instance.name)).initPid, pid)
      yield* hypervisor.export(instance.name, at("one.export"), { stop: true })
      assert.deepStrictEqual(yield* hypervisor.list(), [])
      assert.isBelow(fs.statSync(at("one.export")).size, 8 * 1024 * 1024, "holes of the image of 16 MiB are kept")
      const name = lab.name("new")
      yield* hypervisor.import(at("one.export"), { name, images: images() })
      const moved = (yield* hypervisor.info(name)).initPid
      assert.strictEqual(fs.readFileSync(`/proc/${moved}/root/written`, "utf8"), "by a guest")
      assert.deepStrictEqual(files(), [`${name}.img`, `${name}.json`])
      yield* hypervisor.stop(name)
    })))

  it.live("a directory keeps owners, modes, devices, links, odd names and attributes, and nothing it points to is touched", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const root = at("tree, [odd].*")
      const outside = at("outside")
      fs.writeFileSync(outside, "not the guest's")
      layOutBusyboxRoot(root, "obedient")
      execFileSync("sh", ["-euc", `cd "$1"
        ln -s "$2" link; ln -s .. up; ln etc/inittab hard; mknod null c 1 3; mkfifo fifo; mkdir deep; ln -s "$2" "deep/root"
        : > "$(printf 'a\\nb\\377')"; : > "-rf"; : > "./,x,"; ln -s "$1/etc" "points at its own path"
        truncate -s 10M sparse; chown 1234:4321 deep; chmod 2751 deep; setfattr -n user.some -v value etc/inittab 2>/dev/null || :
        touch -d 2001-02-03 etc/inittab`, "sh", root, outside])
      const before = listing(root)
      const instance = lab.instance("tree", "obedient", { ...quick, disks: [{ path: root }] })
      yield* hypervisor.export(instance.name, at("tree.export"), { instance })
      const name = lab.name("grown")
      yield* hypervisor.import(at("tree.export"), { name, images: images(), start: false })
      assert.strictEqual(listing(`${images()}/${name}`), before)
      assert.strictEqual(fs.readFileSync(outside, "utf8"), "not the guest's")
      fs.rmSync(images(), { recursive: true })
      yield* hypervisor.import(at("tree.export"), { name, images: images() })
      yield* hypervisor.stop(name)
      fs.rmSync(root, { recursive: true })
      fs.rmSync(outside)
    })))

  it.live("a stream that is cut off, changed anywhere or added to leaves nothing, and the source as it is", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("whole", "obedient", quick)
      yield* hypervisor.export(instance.name, at("whole.export"), { instance })
      const whole = fs.readFileSync(at("whole.export"))
      const flipped = (position: number) => {
        const copy = Buffer.from(whole)
        copy[position] = (copy[position] ?? 0) ^ 1
        return copy
      }
      const damaged = {
        empty: Buffer.alloc(0),
        short: whole.subarray(0, 5_000),
        "in the root": whole.subarray(0, whole.length / 2),
        "without its seal": whole.subarray(0, -10_240),
        "a byte short": whole.subarray(0, -1),
        "garbage behind it": Buffer.concat([whole, Buffer.alloc(512, 7)]),
        "zeros behind it": Buffer.concat([whole, Buffer.alloc(10_240)]),
        "flipped in the manifest's header": flipped(1_030),
        "flipped in the root": flipped(100_000),
        "flipped in the seal": flipped(whole.length - 10_240 + 520)
      }
      for (const [what, bytes] of Object.entries(damaged)) {
        fs.writeFileSync(at("damaged.export"), bytes)
        const error = yield* Effect.flip(hypervisor.import(at("damaged.export"), { images: images() }))
        assert.match(error.message, /cannot be imported|is not valid/, what)
        assert.deepStrictEqual(files(), [], what)
        assert.deepStrictEqual(yield* hypervisor.list(), [], what)
      }
    })))

  it.live("what stands in the place of an export at the last moment stays, also when the failure is recovered from", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("taken", "obedient", quick)
      // A link that leads nowhere is no file to look at, and still takes the place.
      fs.symlinkSync("/nowhere", at("taken.export"))
      const error = yield* Effect.flip(hypervisor.export(instance.name, at("taken.export"), { instance }))
      assert.include(error.message, `${at("taken.export")} exists already`)
      assert.include(error.message, "what was written of the export was removed")
      yield* hypervisor.recover(instance.name)
      assert.strictEqual(fs.readlinkSync(at("taken.export")), "/nowhere")
      assert.deepStrictEqual(fs.readdirSync(lab.files).filter((file) => file.endsWith(".partial")), [])
    })))

  it.live("on a disk that fills up neither leaves half a file nor half a root", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const small = at("small")
      fs.mkdirSync(small)
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m,mode=0700", "tmpfs", small])
      yield* Effect.ensuring(
        Effect.gen(function*() {
          const instance = lab.instance("big", "obedient", quick)
          const error = yield* Effect.flip(hypervisor.export(instance.name, HostPath.make(`${small}/x.export`), { instance }))
          assert.include(error.message, "ENOSPC")
          assert.deepStrictEqual(fs.readdirSync(small), [])
          yield* hypervisor.export(instance.name, at("big.export"), { instance })
          const full = yield* Effect.flip(hypervisor.import(at("big.export"), { images: HostPath.make(`${small}/moved`) }))
          assert.include(full.message, "No space left on device")
          assert.deepStrictEqual(fs.readdirSync(small), [])
        }),
        Effect.sync(() => {
          execFileSync("umount", [small])
          fs.rmdirSync(small)
        })
      )
    })))

  it.live("the shell renderings do the same by hand, and either reads what the other made", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const sh = (script: string) => {
        fs.writeFileSync(at("script"), script)
        return execFileSync("sh", ["-eu", at("script")], { timeout: 30_000, stdio: ["ignore", "pipe", "inherit"], maxBuffer: 1 << 28 })
      }
      const instance = lab.instance("hand", "obedient", quick)
      sh(renderShell(yield* hypervisor.plan.export(instance.name, at("hand.export"), { instance })))
      fs.writeFileSync(at("piped.export"), sh(renderShell(yield* hypervisor.plan.export(instance.name, "-", { instance }))))
      assert.strictEqual(execFileSync("tar", ["-tf", at("hand.export")], { encoding: "utf8" }), "manifest.json\nspec.json\nroot.img\n")
      const one = lab.name("one")
      const two = lab.name("two")
      yield* hypervisor.import(at("hand.export"), { name: one, images: images(), start: false })
      yield* hypervisor.import(at("piped.export"), { name: two, images: images() })
      yield* hypervisor.stop(two)
      yield* hypervisor.export(instance.name, at("node.export"), { instance })
      const three = lab.name("three")
      sh(renderShell(yield* hypervisor.plan.import(at("node.export"), { name: three, images: images() })))
      assert.strictEqual((yield* hypervisor.info(three)).state, "RUNNING")
      yield* hypervisor.stop(three)
      assert.deepStrictEqual(files(), [one, three, two].flatMap((name) => [`${name}.img`, `${name}.json`]))
      fs.rmSync(at("script"))
    })))

  const program = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url))
  const { log, run, state } = lab.directories
  const cli = (...args: ReadonlyArray<string>) =>
    spawn(process.execPath, [program, ...args, "--run-dir", run, "--log-dir", log, "--state-dir", state], { stdio: ["pipe", "pipe", "pipe"] })
  const ended = (child: ReturnType<typeof cli>) =>
    new Promise<number | null>((resolve) => {
      child.stderr.resume()
      child.on("close", resolve)
    })

  it.live("an import that is killed in the middle is undone by recover", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("killed", "obedient", quick)
      yield* hypervisor.export(instance.name, at("killed.export"), { instance })
      for (const ms of [1, 20, 60, 150]) {
        const child = cli("import", at("killed.export"), "--images", images(), "--name", lab.name("again"))
        child.stdout.resume()
        const over = ended(child)
        const journal = lab.directories.journal(lab.name("again"))
        while (!fs.existsSync(journal) && child.exitCode === null) yield* Effect.sleep(1)
        yield* Effect.sleep(ms)
        child.kill("SIGKILL")
        yield* Effect.promise(() => over)
        const report = yield* hypervisor.recover(lab.name("again"))
        assert.deepStrictEqual(report.unfinished, [])
        assert.deepStrictEqual(yield* hypervisor.list(), [])
        assert.deepStrictEqual(files(), [])
      }
    })))

  it.live("what an import left whose journal went with the power is taken away by the next, and nothing of it gets into its root", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const root = at("tree")
      layOutBusyboxRoot(root, "obedient")
      const instance = lab.instance("cut", "obedient", { ...quick, disks: [{ path: root }] })
      yield* hypervisor.export(instance.name, at("cut.export"), { instance })
      const [name, work] = [lab.name("whole"), `${images()}/.${lab.name("whole")}.import`]
      layOutBusyboxRoot(`${work}/root`, "obedient")
      fs.writeFileSync(`${work}/root/etc/passwd`, "of another")
      fs.writeFileSync(`${work}/instance.json`, "{}")
      yield* hypervisor.import(at("cut.export"), { name, images: images(), start: false })
      assert.strictEqual(listing(`${images()}/${name}`), listing(root))
      assert.deepStrictEqual(files(), [name, `${name}.json`])
      fs.rmSync(root, { recursive: true })
    })))

  it.live("goes through a pipe from one run directory to another, by the command line", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.start(lab.instance("piped", "obedient", quick))
      const from = cli("export", lab.name("piped"), "-", "--stop")
      const to = cli("import", "-", "--name", lab.name("other"), "--images", images())
      from.stdout.pipe(to.stdin)
      to.stdout.resume()
      const codes = yield* Effect.promise(() => Promise.all([ended(from), ended(to)]))
      assert.deepStrictEqual(codes, [0, 0])
      const [only, ...others] = yield* hypervisor.list()
      assert.deepStrictEqual([only?.name, only?.state, others], [lab.name("other"), "RUNNING", []])
      yield* hypervisor.stop(lab.name("other"))
    })))
})
