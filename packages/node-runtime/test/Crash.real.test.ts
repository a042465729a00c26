import { decodeGuestCommand } from "@effect-lxc/core/model/GuestCommand"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { encodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { collect } from "@effect-lxc/core/runtime/Attaching"
import type { ContainerInfo } from "@effect-lxc/core/runtime/Queries"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Result } from "effect"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import type { Init } from "../../../tools/busyboxImage.ts"
import type { HostSnapshot } from "../../../tools/hostSnapshot.ts"
import { realHost } from "../../../tools/realHost.ts"
import { crashes, type Instant, instants, killedAt, seed } from "./Crashing.ts"
import { RealLab } from "./RealLab.ts"
import { inLab } from "./RealTests.ts"

const lab = new RealLab()
const { leavingNothing } = inLab(lab)
const images = HostPath.make(`${lab.files}/imported`)
const archive = HostPath.make(`${lab.files}/crash.export`)
const oldPids = 500
const newPids = 400

/** An instance, and the file that it is in. */
interface Subject {
  readonly instance: Instance
  readonly spec: string
}

interface Crashed {
  readonly argv: (subject: Subject) => ReadonlyArray<string>
  readonly init: Init
  /** What is there before. */
  readonly from: "nothing" | "running" | "frozen" | "leftovers" | "half a start"
  /** About how long it takes here, in milliseconds. */
  readonly lastsMs: number
  /** What else holds afterwards of an instance that runs. */
  readonly running?: (info: ContainerInfo) => void
  /** What may stay afterwards, besides nothing. */
  readonly mayLeave?: RegExp
}

const running = { init: "obedient", from: "running" } as const

const operations: Readonly<Record<string, Crashed>> = {
  start: { argv: ({ spec }) => ["start", spec], init: "obedient", from: "nothing", lastsMs: 350 },
  stop: { ...running, argv: ({ instance }) => ["stop", instance.name], lastsMs: 300 },
  "stop --force": { argv: ({ instance }) => ["stop", "--force", "--timeout", "100ms", instance.name], init: "deaf", from: "running", lastsMs: 400 },
  kill: { ...running, argv: ({ instance }) => ["kill", instance.name], lastsMs: 250 },
  reboot: { ...running, argv: ({ instance }) => ["reboot", instance.name], lastsMs: 650 },
  "reboot --in-place": { argv: ({ instance }) => ["reboot", "--in-place", instance.name], init: "rebootable", from: "running", lastsMs: 400 },
  freeze: { ...running, argv: ({ instance }) => ["freeze", instance.name], lastsMs: 25, running: ({ state }) => assert.include(["RUNNING", "FROZEN"], state) },
  thaw: { argv: ({ instance }) => ["thaw", instance.name], init: "obedient", from: "frozen", lastsMs: 25, running: ({ state }) => assert.include(["RUNNING", "FROZEN"], state) },
  resize: {
    ...running,
    argv: ({ instance }) => ["resize", instance.name, "--pids", String(newPids), "--memory", "128MiB"],
    lastsMs: 30,
    running: ({ memory, pids }) => assert.include([`${oldPids} ${256 << 20}`, `${newPids} ${128 << 20}`], `${pids.limit} ${memory.limitBytes}`)
  },
  cleanup: { argv: ({ instance }) => ["cleanup", instance.name], init: "obedient", from: "leftovers", lastsMs: 150 },
  recover: { argv: ({ instance }) => ["recover", instance.name], init: "obedient", from: "half a start", lastsMs: 150 },
  export: { argv: ({ spec }) => ["export", spec, archive], init: "obedient", from: "nothing", lastsMs: 250 },
  "export --stop": { ...running, argv: ({ instance }) => ["export", "--stop", instance.name, archive], lastsMs: 500, mayLeave: /\/(?:exports|state)(\/|$)/ },
  import: { argv: ({ instance }) => ["import", `${lab.files}/whole.export`, "--images", images, "--name", instance.name], init: "obedient", from: "nothing", lastsMs: 700 }
}

const sh = (script: string) => Result.getOrThrow(decodeGuestCommand({ argv: ["/bin/sh", "-c", script] }))

/** It is as one that was started: alive in order, and able to start a program. */
const requireInOrder = Effect.fnUntraced(function*({ instance }: Subject, operation: Crashed) {
  const hypervisor = yield* Hypervisor
  const info = yield* hypervisor.info(instance.name)
  assert.isNull(info.problem)
  operation.running?.(info)
  if (info.state === "FROZEN") return
  const { exitCode } = yield* Effect.scoped(Effect.flatMap(hypervisor.exec(instance.name, sh("exit 7"), { stdio: { _tag: "pipe" } }), collect))
  assert.strictEqual(exitCode, 7)
})

const bring = Effect.fnUntraced(function*({ instance, spec }: Subject, from: Crashed["from"]) {
  const hypervisor = yield* Hypervisor
  if (from === "half a start") yield* killedAt({ after: "journal", ms: 100 }, lab.directories, instance.name, ["start", spec])
  if (from === "half a start" || from === "nothing") return
  yield* hypervisor.start(instance)
  if (from === "frozen") yield* hypervisor.freeze(instance.name)
  if (from === "leftovers") {
    process.kill(Number(fs.readFileSync(lab.directories.monitorPid(instance.name), "utf8")), "SIGKILL")
    while ((yield* hypervisor.info(instance.name)).problem !== "leftovers") yield* Effect.sleep(10)
  }
})

/** An export is whole or not there, and so is what was imported. */
const requireWhole = Effect.fnUntraced(function*() {
  const hypervisor = yield* Hypervisor
  assert.deepStrictEqual(fs.readdirSync(lab.files).filter((file) => file.endsWith(".partial")), [])
  const isRunning = (yield* hypervisor.list()).length > 0
  if (!isRunning && fs.existsSync(images)) assert.deepStrictEqual(fs.readdirSync(images), [])
  if (fs.existsSync(archive)) yield* hypervisor.import(archive, { name: lab.name("again"), images, start: false })
})

/** One kill, one recovery, and what must hold then; afterwards nothing is left. */
const crash = Effect.fnUntraced(function*(what: string, operation: Crashed, subject: Subject, instant: Instant, nothing: HostSnapshot) {
  const hypervisor = yield* Hypervisor
  const { name } = subject.instance
  yield* bring(subject, operation.from)
  const before = lab.snapshot()
  const inMiddle = yield* killedAt(instant, lab.directories, name, operation.argv(subject))
  const { recovered, unfinished } = yield* hypervisor.recover(name)
  assert.deepStrictEqual(unfinished, [])
  const [word] = what.split(" ")
  assert.deepStrictEqual(recovered.map((each) => each.operation), inMiddle ? [word === "recover" ? "start" : word] : [])
  yield* Effect.sleep(150) // what had been on its way to its end would be there now
  // What was stopped for an export that did not come to be is meant to run still.
  const isThere = (yield* hypervisor.list()).some(({ state }) => state !== "STOPPED" || operation.from === "leftovers")
  if (isThere && !inMiddle && operation.from === "leftovers") {
    // What had not begun to take away what is left has changed nothing. The interface goes by itself, with its namespace.
    assert.deepStrictEqual(lab.differences(before).filter((line) => !line.startsWith("- interface ")), [])
  } else if (isThere) yield* requireInOrder(subject, operation)
  else assert.deepStrictEqual(lab.differences(nothing).filter((line) => operation.mayLeave?.test(line) !== true), [])
  yield* requireWhole()
  yield* hypervisor.stop(name, { force: true, timeoutMs: 0 })
  for (const path of [images, archive, `${lab.directories.run}/exports`]) fs.rmSync(path, { recursive: true, force: true })
  return inMiddle
})

describe.runIf(realHost.available)("a process that is killed in the middle of an operation, on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  for (const [what, operation] of Object.entries(operations)) {
    it.live(`leaves what one recover undoes or completes: ${what}`, () =>
      leavingNothing(Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const short = what.replaceAll(/[^a-z]/g, "")
        const root = lab.image(operation.init)
        const data = `${lab.files}/data.img`
        fs.copyFileSync(root, data)
        const instance = lab.instance(short, operation.init, {
          disks: [{ path: root }, { path: data, target: "mnt" }],
          resources: { pids: oldPids, memory: "256MiB" },
          lxc: { settle: "50ms", shutdownTimeout: "10s", dropCapabilities: ["sys_module", "sys_time"] }
        })
        const subject = { instance, spec: `${lab.files}/${short}.json` }
        fs.writeFileSync(subject.spec, JSON.stringify(encodeInstance(instance)))
        const nothing = lab.snapshot()
        if (what === "import") yield* hypervisor.export(instance.name, HostPath.make(`${lab.files}/whole.export`), { instance, force: true })
        let inMiddle = 0
        for (const instant of instants(what, operation.lastsMs)) {
          const one = crash(what, operation, subject, instant, nothing)
          const middle = yield* Effect.tapCause(one, () => Effect.logError(`${what} was killed ${instant.ms} ms after its ${instant.after}; EFFECT_LXC_SEED=${seed}`))
          if (middle) inMiddle += 1
        }
        if (process.env.EFFECT_LXC_CRASHES !== undefined) {
          yield* Effect.log(`${what}: ${crashes} kills, ${inMiddle} of them in its middle; EFFECT_LXC_SEED=${seed}`)
        }
      })), 60_000 + crashes * 10_000)
  }
})
