import { commandSocketName } from "@effect-lxc/core/host/CommandSockets"
import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Locks } from "@effect-lxc/core/runtime/Locks"
import type { JournalEntry } from "@effect-lxc/core/plan/JournalEntry"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import { checkImages } from "@effect-lxc/node-runtime/CheckpointSteps"
import { observeContainers } from "@effect-lxc/node-runtime/Containers"
import { recordOf } from "@effect-lxc/node-runtime/Records"
import { checkLogFile, makeDirectory, observeDirectory, observeFile, writeFile } from "@effect-lxc/node-runtime/HostFiles"
import { monitorByFile } from "@effect-lxc/node-runtime/Monitors"
import * as NodeJournal from "@effect-lxc/node-runtime/NodeJournal"
import * as NodeLocks from "@effect-lxc/node-runtime/NodeLocks"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import { type ChildProcess, execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as net from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { another, nodeOf } from "./Impostor.ts"

const root = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "effect-lxc-planted-")))
afterAll(() => fs.rmSync(root, { recursive: true, force: true }))

const directories = new Directories({
  run: HostPath.make(`${root}/run`),
  log: HostPath.make(`${root}/log`),
  state: HostPath.make(`${root}/state`)
})
for (const each of [directories.locks, directories.container("web1"), directories.logs("web1")]) fs.mkdirSync(each, { recursive: true })
const precious = join(root, "precious")
fs.writeFileSync(precious, "keep me\n", { mode: 0o600 })

const lockAt = (name: string) =>
  Effect.flip(Effect.scoped(Effect.flatMap(Locks, (locks) => locks.acquire(directories, name, "start", 0)))).pipe(
    Effect.provide(NodeLocks.layer)
  )

const asRoot = process.geteuid?.() === 0

/** Everything that somebody may put where a file of ours belongs; devices and other owners take root to make. */
const planted: Readonly<Record<string, (at: string) => void>> = {
  "a symbolic link": (at) => fs.symlinkSync(precious, at),
  "a symbolic link to nothing": (at) => fs.symlinkSync(join(root, "nowhere"), at),
  "a hard link": (at) => fs.linkSync(precious, at),
  "a pipe": (at) => void execFileSync("mkfifo", [at]),
  "a directory": (at) => fs.mkdirSync(at),
  "a file that others may write": (at) => {
    fs.writeFileSync(at, "theirs\n")
    fs.chmodSync(at, 0o666)
  },
  ...(asRoot ? {
    "a device": (at: string) => void execFileSync("mknod", [at, "c", "1", "7"]),
    "a file of somebody else": (at: string) => {
      fs.writeFileSync(at, "theirs\n")
      fs.chownSync(at, 12_345, 12_345)
    }
  } : {})
}

/** Plants each of them at a path, in turn, and afterwards sees that what it leads to is as it was. */
const eachPlanted = <E>(at: string, body: (what: string) => Effect.Effect<void, E>) =>
  Effect.forEach(Object.entries(planted), ([what, plant]) =>
    Effect.suspend(() => {
      plant(at)
      return body(what)
    }).pipe(
      Effect.andThen(Effect.sync(() => {
        assert.strictEqual(fs.readFileSync(precious, "utf8"), "keep me\n", what)
        assert.isFalse(fs.existsSync(join(root, "nowhere")), what)
        fs.rmSync(at, { recursive: true, force: true })
      }))
    ), { discard: true })

const withJournal = <A, E>(body: (journals: Journal["Service"]) => Effect.Effect<A, E>) =>
  Effect.provide(Effect.flatMap(Journal, body), NodeJournal.layer)

describe("what is planted in the place of a file of ours", () => {
  it.live("is refused with its path where it is a lock, and never written", () =>
    eachPlanted(directories.lock("web1"), (what) =>
      Effect.map(lockAt("web1"), (error) => {
        assert.strictEqual(error._tag, "LockError", what)
        assert.include(error.message, directories.lock("web1"), what)
      })))

  it.live("is refused with its path where it is a journal: it is neither believed nor waited for", () =>
    eachPlanted(directories.journal("web1"), (what) =>
      Effect.map(withJournal((journals) => Effect.flip(journals.read(directories, "web1"))), (error) => {
        assert.strictEqual(error.problem._tag, "Conflict", what)
        assert.include(error.message, directories.journal("web1"), what)
      })))

  it.live("is replaced where a new journal is begun, and not written through", () =>
    eachPlanted(directories.journal("web1"), (what) => {
      if (what === "a directory") return Effect.void
      return withJournal((journals) =>
        Effect.scoped(Effect.flatMap(journals.open(directories, "web1"), (journal) => journal.append(begun("web1")))))
    }))

  it.live("is no record", () =>
    eachPlanted(directories.record("web1"), (what) =>
      Effect.sync(() => {
        assert.deepStrictEqual(records(), [null], what)
      })))

  it.live("is replaced where a file is written, and counts as not written before", () =>
    eachPlanted(directories.config("web1"), (what) =>
      Effect.gen(function*() {
        const step = { _tag: "WriteFile", path: HostPath.make(directories.config("web1")), mode: "0600", text: "keep me\n", previous: null } as const
        assert.deepStrictEqual(yield* observeFile(step), { done: false }, what)
        const exit = yield* Effect.exit(writeFile(step))
        assert.strictEqual(exit._tag, what === "a directory" ? "Failure" : "Success", what)
        assert.deepStrictEqual(yield* observeFile(step), { done: what !== "a directory" }, what)
        assert.isFalse(fs.existsSync(`${step.path}.new`), what)
      })))

  it.live("is replaced where a file is written beside its place, and not written through", () =>
    eachPlanted(`${directories.config("web1")}.new`, (what) =>
      Effect.gen(function*() {
        const step = { _tag: "WriteFile", path: HostPath.make(directories.config("web1")), mode: "0600", text: "ours\n", previous: null } as const
        const exit = yield* Effect.exit(writeFile(step))
        assert.strictEqual(exit._tag, what === "a directory" ? "Failure" : "Success", what)
        fs.rmSync(step.path, { force: true })
      })))

  it.live("is refused where it is larger than any journal, without being read", () =>
    Effect.gen(function*() {
      const at = directories.journal("web1")
      fs.writeFileSync(at, "", { mode: 0o600 })
      fs.truncateSync(at, 65 * 1024 * 1024)
      const error = yield* withJournal((journals) => Effect.flip(journals.read(directories, "web1")))
      assert.include(error.message, `${at} has ${65 * 1024 * 1024} bytes`)
      fs.rmSync(at)
    }))

  it.live("is no monitor's pid, and neither is the pid of a process that only has its title", () =>
    Effect.gen(function*() {
      const container = { lxcPath: directories.containers, name: "web1" }
      const file = directories.monitorPid("web1")
      const titled = (uid: number) => nodeOf(uid, `[lxc monitor] ${container.lxcPath} web1`)
      const ours = titled(process.geteuid?.() ?? 0)
      const others = asRoot ? [titled(another)] : []
      yield* Effect.sleep(100)
      yield* Effect.ensuring(Effect.sync(() => {
        fs.writeFileSync(precious, String(ours.pid), { mode: 0o600 })
        for (const [what, plant] of Object.entries(planted)) {
          plant(file)
          if (what.startsWith("a file")) fs.writeFileSync(file, String(ours.pid))
          assert.isUndefined(monitorByFile(container), what)
          fs.rmSync(file, { recursive: true })
        }
        for (const each of [ours, ...others]) {
          fs.writeFileSync(file, String(each.pid), { mode: 0o600 })
          assert.strictEqual(monitorByFile(container)?.pid, each === ours ? ours.pid : undefined)
        }
      }), Effect.sync(() => {
        for (const each of [ours, ...others]) each.kill("SIGKILL")
        fs.rmSync(file, { recursive: true, force: true })
        fs.writeFileSync(precious, "keep me\n")
      }))
    }))

  it.live("does not tell by its title whose a socket with a hash for a name is, as a monitor of ours does", () =>
    Effect.gen(function*() {
      const lxcPath = `${root}/a path with blanks/${"x".repeat(100)}`
      const seen = () =>
        observeContainers(directories, { layout: "v2", hierarchies: [] }, { all: true })
          .flatMap((each) => each.lxcPath === lxcPath ? [[each.name, each.socket]] : [])
      const titled = (uid: number, name: string) => nodeOf(uid, `[lxc monitor] ${lxcPath} ${name}`)
      const processes = [titled(process.geteuid?.() ?? 0, "ours"), ...(asRoot ? [titled(another, "theirs")] : [])]
      const sockets = ["ours", "theirs"].map((name) => net.createServer().listen(`\0${commandSocketName(lxcPath, name)}`))
      yield* Effect.sleep(100)
      yield* Effect.ensuring(Effect.sync(() => {
        assert.deepStrictEqual([seen(), seen()], [[["ours", true]], [["ours", true]]])
      }), Effect.sync(() => {
        for (const each of processes) each.kill("SIGKILL")
        for (const each of sockets) each.close()
      }))
    }))

  /** Says which pid the next process gets, as root may outside of user namespaces. */
  const lastPid = "/proc/sys/kernel/ns_last_pid"
  const choosesPids = asRoot && Result.isSuccess(Result.try(() => fs.writeFileSync(lastPid, fs.readFileSync(lastPid))))

  /** Another process on the machine may have taken it. */
  const withPid = (pid: number, begin: () => ChildProcess): ChildProcess | undefined => {
    for (let left = 100; left > 0; left--) {
      fs.writeFileSync(lastPid, String(pid - 1))
      const child = begin()
      if (child.pid === pid) return child
      child.kill("SIGKILL")
    }
    return undefined
  }

  it.live.skipIf(!choosesPids)("is no monitor's pid any more when somebody else has a process with that number and title", () =>
    Effect.gen(function*() {
      const container = { lxcPath: directories.containers, name: "web1" }
      const file = directories.monitorPid("web1")
      const titled = (uid: number) => nodeOf(uid, `[lxc monitor] ${container.lxcPath} web1`)
      const ours = titled(0)
      const pid = ours.pid ?? assert.fail("it does not run")
      yield* Effect.sleep(100)
      fs.writeFileSync(file, String(pid), { mode: 0o600 })
      assert.strictEqual(monitorByFile(container)?.pid, pid)
      yield* Effect.promise(() => new Promise((resolve) => ours.once("exit", resolve).kill("SIGKILL")))
      const theirs = withPid(pid, () => titled(another))
      yield* Effect.sleep(100)
      yield* Effect.ensuring(
        Effect.sync(() => {
          assert.strictEqual(theirs?.pid, pid)
          assert.isUndefined(monitorByFile(container))
        }),
        Effect.sync(() => {
          theirs?.kill("SIGKILL")
          fs.rmSync(file)
        })
      )
    }))

  it("is a monitor's pid where the kernel has that in the monitor's control group, and not where only its digits are there", () => {
    const container = { lxcPath: directories.containers, name: "web1" }
    const file = directories.monitorPid("web1")
    const group = join(root, "lxc.monitor.web1")
    const { pid } = process
    const found = (members: string): number | undefined => {
      fs.writeFileSync(join(group, "cgroup.procs"), members)
      return monitorByFile(container, group)?.pid
    }
    fs.mkdirSync(group)
    fs.writeFileSync(file, String(pid), { mode: 0o600 })
    assert.strictEqual(found(`${pid}\n`), pid)
    assert.strictEqual(found(`1\n${pid}\n999999\n`), pid)
    for (const members of ["", `1${pid}\n`, `${pid}1\n`, `1\n`]) assert.isUndefined(found(members), members)
    assert.isUndefined(monitorByFile(container, join(root, "lxc.monitor.web2")))
    assert.isUndefined(monitorByFile(container))
    fs.chmodSync(file, 0o666)
    assert.isUndefined(found(`${pid}\n`), "anybody could have written it")
    fs.rmSync(file)
  })

  it.live("is refused with its path where LXC would log into it", () =>
    Effect.gen(function*() {
      const at = directories.lxcLog("web1")
      yield* checkLogFile(at)
      yield* eachPlanted(at, (what) =>
        Effect.map(Effect.flip(checkLogFile(at)), ({ problem }) => {
          assert.strictEqual(problem._tag, "Conflict", what)
          assert.include(JSON.stringify(problem), at, what)
        }))
      fs.writeFileSync(at, "")
      yield* checkLogFile(at)
    }))
})

const begun = (instance: string): JournalEntry =>
  ({ _tag: "Begun", operation: "start", instance, at: "2026-01-01T00:00:00.000Z", bootId: "b" })

const records = () =>
  observeContainers(directories, { layout: "v2", hierarchies: [] }, { all: false, recordOf }).map((each) => each.record)

describe("a file that was changed by hand", () => {
  const journal = (text: string) => {
    fs.writeFileSync(directories.journal("web2"), text, { mode: 0o600 })
    return withJournal((journals) => Effect.result(journals.read(directories, "web2"))).pipe(
      Effect.map(Result.map((entries) => entries.length))
    )
  }
  const first = `${JSON.stringify(begun("web2"))}\n`

  it.live("is a journal that is torn in its last line only: a crash does that, and what came before it counts", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* journal(""), Result.succeed(0))
      assert.deepStrictEqual(yield* journal(first.slice(0, 20)), Result.succeed(0))
      assert.deepStrictEqual(yield* journal(`${first}${first.slice(0, 30)}`), Result.succeed(1))
    }))

  it.live("is refused where it is a journal with lines that are none, of another instance, or without its beginning", () =>
    Effect.gen(function*() {
      const done = `${JSON.stringify({ _tag: "Done", name: null, result: null })}\n`
      for (const text of ["\n", `nonsense\n${first}`, `${first}nonsense\n${done}`, `${first}{"_tag":"Nope"}\n`, `${JSON.stringify(begun("web3"))}\n`, done]) {
        const read = yield* journal(text)
        assert.isTrue(Result.isFailure(read), text)
        assert.include(Result.isFailure(read) ? read.failure.message : "", directories.journal("web2"), text)
      }
    }))

  it("is no record where it is of another instance, or of none", () => {
    const at = directories.record("web1")
    const spec = (name: string) => JSON.stringify({ name, disks: [{ path: "/srv/web1.img" }] })
    fs.writeFileSync(at, spec("web1"))
    assert.strictEqual(records()[0]?.name, "web1")
    for (const text of [spec("web2"), spec("../web1"), `{"name":"web1"}`, "", "[", `{"__proto__":{"name":"web1"}}`]) {
      fs.writeFileSync(at, text)
      assert.deepStrictEqual(records(), [null], text)
    }
    fs.rmSync(at)
  })
})

describe("a directory of ours is refused where", () => {
  const place = join(root, "place")
  const inside = new Directories({
    run: HostPath.make(`${place}/run`),
    log: HostPath.make(`${place}/log`),
    state: HostPath.make(`${place}/state`)
  })
  const lockIn = Effect.flip(Effect.scoped(Effect.flatMap(Locks, (locks) => locks.acquire(inside, "web1", "start", 0)))).pipe(
    Effect.provide(NodeLocks.layer)
  )
  const made = (at: string, mode: number, uid = process.geteuid?.() ?? 0) => {
    fs.rmSync(place, { recursive: true, force: true })
    fs.mkdirSync(at, { recursive: true })
    fs.chmodSync(at, mode)
    fs.chownSync(at, uid, process.getegid?.() ?? 0)
  }
  const observed = (at: string) =>
    Effect.flip(observeDirectory({ _tag: "MakeDirectory", path: HostPath.make(at), mode: "0700", keep: false }))

  it.live("others may write to it, or to what it is in", () =>
    Effect.gen(function*() {
      made(inside.run, 0o777)
      assert.include((yield* lockIn).message, `${inside.run} belongs to uid`)
      made(inside.run, 0o770)
      assert.include((yield* lockIn).message, `${inside.run} belongs to uid`)
      made(inside.logs("web1"), 0o770)
      assert.include((yield* observed(inside.logs("web1"))).message, `${inside.logs("web1")} belongs to uid`)
      made(place, 0o777)
      assert.include((yield* lockIn).message, `${place} belongs to uid`)
      assert.include((yield* observed(inside.logs("web1"))).message, `${place} belongs to uid`)
      assert.include((yield* Effect.flip(checkLogFile(inside.lxcLog("web1")))).message, `${place} belongs to uid`)
      assert.include((yield* withJournal((journals) => Effect.flip(Effect.scoped(journals.open(inside, "web1"))))).message, `${place} belongs to uid`)
      made(place, 0o1777)
      assert.isFalse(Result.isSuccess(yield* Effect.result(lockIn)), "a sticky directory such as /tmp is fine")
    }))

  it.live("its place is in a file, which is no directory, and in none where one can be made", () =>
    Effect.gen(function*() {
      made(place, 0o755)
      fs.writeFileSync(inside.log, "")
      const { message } = yield* observed(inside.logs("web1"))
      assert.strictEqual(message, `${inside.log} is not a directory; look what it is: name another directory, or move it away`)
      const nowhere = yield* Effect.flip(makeDirectory("/proc/x/web1", 0o700))
      assert.strictEqual(nowhere.message, "mkdir /proc/x/web1: ENOENT; no directory can be made there: choose another place")
    }))

  it.live("its place is in somebody's directory by way of a symbolic link", () =>
    Effect.gen(function*() {
      made(`${place}/theirs/log`, 0o755)
      fs.chmodSync(`${place}/theirs`, 0o777)
      fs.symlinkSync(`${place}/theirs/log`, inside.log)
      assert.include((yield* observed(inside.logs("web1"))).message, `${place}/theirs belongs to uid`)
    }))

  it.live("it is a symbolic link: that of the run directory is named, the others are no directories", () =>
    Effect.gen(function*() {
      made(`${place}/theirs`, 0o755)
      fs.symlinkSync(`${place}/theirs`, inside.run)
      assert.include((yield* lockIn).message, `the real path of ${inside.run} is ${place}/theirs`)
      made(inside.run, 0o711)
      fs.mkdirSync(`${place}/theirs`, 0o755)
      fs.symlinkSync(`${place}/theirs`, inside.locks)
      assert.include((yield* lockIn).message, `${inside.locks} is not a directory`)
    }))

  it.live("a checkpoint that CRIU would obey is in one that others may write to", () =>
    Effect.gen(function*() {
      const images = `${place}/kept/criu.images`
      yield* checkImages(images)
      made(images, 0o700)
      yield* checkImages(images)
      made(images, 0o770)
      assert.include((yield* Effect.flip(checkImages(images))).message, `${images} belongs to uid`)
      made(images, 0o700)
      fs.chmodSync(`${place}/kept`, 0o777)
      assert.include((yield* Effect.flip(checkImages(images))).message, `${place}/kept belongs to uid`)
    }))

  it.live.skipIf(!asRoot)("it is another user's, or in a directory of theirs", () =>
    Effect.gen(function*() {
      made(inside.run, 0o755, 12_345)
      assert.include((yield* lockIn).message, `${inside.run} belongs to uid 12345`)
      made(inside.log, 0o700, 12_345)
      assert.include((yield* observed(inside.logs("web1"))).message, `${inside.log} belongs to uid 12345`)
      made(inside.logs("web1"), 0o700, 12_345)
      assert.include((yield* observed(inside.logs("web1"))).message, `${inside.logs("web1")} belongs to uid 12345`)
    }))
})
