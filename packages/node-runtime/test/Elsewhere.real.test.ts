import { commandSocketName } from "@effect-lxc/core/host/CommandSockets"
import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import type { Instance } from "@effect-lxc/core/model/Instance"
import { Host } from "@effect-lxc/core/runtime/Host"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import * as NodeHost from "@effect-lxc/node-runtime/NodeHost"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import { inLab, quick } from "./RealTests.ts"

const lab = new RealLab()
const { leavingNothing } = inLab(lab)

interface Elsewhere<A, E> {
  readonly instance: Instance
  /** Below the lab's own. */
  readonly run: string
  readonly state: string
  readonly before?: (here: Hypervisor["Service"]) => Effect.Effect<A, E>
}

/** Runs the body while the instance runs in another run directory, and sees that it does to the end as it did. */
const besides = <A, B, E>(
  { before: prepare, instance, run: below, state }: Elsewhere<A, E>,
  body: (here: Hypervisor["Service"], prepared: A | undefined) => Effect.Effect<B, E>
) =>
  leavingNothing(Effect.gen(function*() {
    const run = `${lab.directories.run}/${below}`
    const directories = new Directories({ run: HostPath.make(run), log: lab.directories.log, state: HostPath.make(state) })
    const here = yield* Hypervisor
    const there = yield* Hypervisor.pipe(Effect.provide(layer({ directories })))
    const prepared = prepare === undefined ? undefined : yield* prepare(here)
    yield* there.start(instance)
    const before = yield* there.info(instance.name)
    const gone = Effect.gen(function*() {
      const after = yield* there.info(instance.name)
      const wanted = fs.existsSync(directories.meantToRun(instance.name))
      yield* there.kill(instance.name)
      fs.rmSync(run, { recursive: true })
      return { after, wanted }
    })
    yield* body(here, prepared)
    const { after, wanted } = yield* gone
    const lasting = ({ initPid, interfaces, problem, state }: typeof before) => ({ initPid, nics: interfaces.map(({ hostName }) => hostName), problem, state })
    assert.deepStrictEqual([lasting(after), wanted], [lasting(before), true])
  }))

const codeOf = (error: unknown): string | undefined =>
  (error as { readonly rejections?: ReadonlyArray<{ readonly code: string }> }).rejections?.[0]?.code

const long = "x".repeat(90)

describe.runIf(realHost.available)("a container of the same name that runs in another run directory of real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  for (const [which, short, run, state] of [
    ["with the same state directory", "same", "there", "state"],
    ["with a state directory of its own", "own", "there", "other-state"],
    ["whose sockets are named by hashes", "hash", long, "other-state"],
    ["whose sockets are named by hashes, with the same state directory", "both", long, "state"]
  ] as const) {
    it.live(`${which}, is known as that, and left alone by all that is asked for here`, () => {
      const instance = lab.instance(short, "obedient", quick)
      const { name } = instance
      return besides({ instance, run, state: `${lab.files}/${state}` }, (here) =>
        Effect.gen(function*() {
          const lxcPath = `${lab.directories.run}/${run}/containers`
          assert.strictEqual(commandSocketName(lxcPath, name).startsWith("lxc/"), run === long)
          const listed = (yield* here.list({ all: true })).filter((each) => each.name === name)
          assert.deepInclude(listed.find((each) => each.lxcPath === lxcPath), { state: "RUNNING", problem: null, managed: false })
          const known = listed.filter((each) => each.managed).map(({ meantToRun, problem, state }) => ({ meantToRun, problem, state }))
          assert.deepStrictEqual(known, state === "state" ? [{ meantToRun: true, problem: "leftovers", state: "STOPPED" }] : [])
          const findings = (yield* here.verify).findings.filter(({ message }) => message.includes(name))
          assert.deepStrictEqual(findings.map(({ code, severity }) => [code, severity]), state === "state" ? [["runs-elsewhere", "note"]] : [])
          const refused = [
            here.stop(name, { force: true }), here.stop(name), here.kill(name), here.reboot(name), here.reboot(name, { instance }),
            here.reboot(name, { inPlace: true }), here.freeze(name), here.resize(name, { pids: 10 })
          ]
          for (const each of refused) assert.strictEqual(codeOf(yield* Effect.flip(each)), "not-managed")
          assert.strictEqual(codeOf(yield* Effect.flip(here.start(instance))), "namesake-running")
          const cleaned = yield* here.cleanup(name)
          assert.deepStrictEqual([cleaned.acted, cleaned.warnings], [0, [`${name} runs under the lxcpath ${lxcPath}, and is left alone`]])
          assert.deepStrictEqual((yield* here.recover()).notRunning, [])
        }))
    })
  }

  it.live("makes a plan stale that was made before it was started, and of what is left here takes only that", () => {
    const instance = lab.instance("stale", "obedient", quick)
    const { name } = instance
    const before = (here: Hypervisor["Service"]) =>
      Effect.suspend(() => {
        fs.mkdirSync(lab.directories.container(name), { recursive: true })
        fs.writeFileSync(lab.directories.config(name), "")
        return here.plan.cleanup(name)
      })
    return besides({ instance, run: "there", state: lab.directories.state, before }, (here, plan) =>
      Effect.gen(function*() {
        assert.isDefined(plan)
        assert.strictEqual((yield* Effect.flip(here.run(plan)))._tag, "PlanStale")
        const { warnings } = yield* here.stop(name)
        assert.include(warnings.join(), `${lab.directories.meantToRun(name)} is left`)
        assert.isFalse(fs.existsSync(lab.directories.container(name)))
      }))
  })

  it.live("is not killed by a step that finds it in the groups of the name", () => {
    const instance = lab.instance("steps", "obedient", quick)
    const named = { lxcPath: HostPath.make(lab.directories.containers), name: instance.name }
    return besides({ instance, run: "there", state: lab.directories.state }, () =>
      Effect.gen(function*() {
        const { apply, facts } = yield* Host
        const { cgroups } = yield* facts({ directories: lab.directories })
        const hierarchies = cgroups.hierarchies.map(({ mountPoint }) => HostPath.make(mountPoint))
        yield* apply({ _tag: "KillContainer", ...named, hierarchies, timeoutMs: 1_000 }, new Map())
        yield* apply({ _tag: "AwaitStopped", ...named, timeoutMs: 100, onTimeout: "fail" }, new Map())
      }).pipe(Effect.provide(NodeHost.layer)))
  })
})
