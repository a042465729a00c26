import { decodeHostFacts, encodeHostFacts, type HostFacts } from "@effect-lxc/core/host/HostFacts"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { vethName } from "@effect-lxc/core/model/VethName"
import { planCheckpoint } from "@effect-lxc/core/plan/CheckpointPlan"
import { planFreeze } from "@effect-lxc/core/plan/FreezePlan"
import { planReboot, planRebootInPlace } from "@effect-lxc/core/plan/RebootPlan"
import { planStart, type StartOptions } from "@effect-lxc/core/plan/StartPlan"
import { planCleanup, planKill, planStop } from "@effect-lxc/core/plan/StopPlan"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Laws, type SimulatedState } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { carriedOut, directories, factsFor, host, instance, startPlan } from "./fixtures.ts"

/** One that can be asked for everything. */
const web1 = instance({
  nics: [{ link: "br0" }],
  resources: { memory: "64MiB" },
  lxc: { ttys: 0, console: "none", dropCapabilities: [] }
})
const { name } = web1
const running = carriedOut(startPlan(web1, host()), host())

const planner = (planned: string, plan: (facts: HostFacts, options: StartOptions) => ReturnType<Laws.Planner<StartOptions>["plan"]>): Laws.Planner<StartOptions> => ({
  name: planned,
  plan: (options, _, facts) => plan(facts, options)
})

const planners = [
  planner("planStart", (facts, options) => planStart(web1, directories, facts, options)),
  planner("planStop", (facts, options) => planStop(name, directories, facts, options)),
  planner("planReboot", (facts, options) => planReboot(name, directories, facts, options)),
  planner("planRebootInPlace", (facts, options) => planRebootInPlace(name, directories, facts, options)),
  planner("planFreeze", (facts, options) => planFreeze(name, directories, facts, options)),
  planner("planCheckpoint", (facts, options) => planCheckpoint(name, HostPath.make("/srv/checkpoint"), directories, facts, options))
]

const others = [
  planner("planKill", (facts) => planKill(name, directories, facts)),
  planner("planCleanup", (facts) => planCleanup(name, directories, facts))
]

/** Everywhere in JSON where a text stands, each time with another in its place. */
const withText = (json: unknown, text: (was: string) => string): ReadonlyArray<unknown> => {
  if (typeof json === "string") return [text(json)]
  if (typeof json !== "object" || json === null) return []
  return Object.entries(json).flatMap(([key, value]) =>
    withText(value, text).map((each) => Array.isArray(json) ? json.with(Number(key), each) : { ...json, [key]: each }))
}

const hostile: ReadonlyArray<(was: string) => string> = [
  () => "", (was) => `${was}\n`, (was) => `${was}\u0000`, (was) => `${was}/../x`, (was) => `${was} (deleted)`, (was) => `${was}é\u202e`, (was) => `$${was}`, () => vethName(name, 7)
]

/** Whatever text a host has, as far as facts can say it. */
const hostileFacts = (state: SimulatedState): ReadonlyArray<HostFacts> => {
  const facts = encodeHostFacts(factsFor(state, web1))
  return hostile.flatMap((change) => withText(facts, change)).flatMap((each) =>
    Result.match(decodeHostFacts(each, "facts"), { onFailure: () => [], onSuccess: (read) => [read] }))
}

describe("a plan is what its schema says, whatever text the host has", () => {
  for (const [what, state] of [["where it runs", running], ["where nothing is", host()]] as const) {
    it(`${what}`, () => {
      for (const facts of hostileFacts(state)) {
        for (const each of [...planners, ...others]) {
          assert.isUndefined(Laws.wellFormed.brokenFor(each, { facts, input: {}, directories }), each.name)
        }
      }
    })
  }
})

describe("what types alone cannot keep away is refused, a fault of the caller:", () => {
  for (const each of planners) {
    it(`${each.name} with a limit of time that is none`, () => {
      const facts = each.name === "planStart" ? factsFor(host(), web1) : factsFor(running, web1)
      for (const timeoutMs of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 7 * 24 * 3_600_000 + 1]) {
        assert.throws(() => each.plan({ timeoutMs }, directories, facts), RangeError)
      }
    })
  }

  it("a name that is none", () => {
    for (const forged of ["", ".", "a/b", "WEB", "a\nb"]) {
      const asName = forged as InstanceName // what a caller without types may do
      assert.throws(() => planStop(asName, directories, factsFor(host(), web1)), RangeError)
      assert.throws(() => planCleanup(asName, directories, factsFor(host(), web1)), RangeError)
    }
  })
})
