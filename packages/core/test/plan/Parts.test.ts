import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { factsFor } from "@effect-lxc/core/host/FactsFor"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { derive } from "@effect-lxc/core/model/Mac"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { vethName } from "@effect-lxc/core/model/VethName"
import { planFreeze } from "@effect-lxc/core/plan/FreezePlan"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { planRecover } from "@effect-lxc/core/plan/RecoverPlan"
import { planReboot } from "@effect-lxc/core/plan/RebootPlan"
import { planResize } from "@effect-lxc/core/plan/ResizePlan"
import { namedBy, planStart } from "@effect-lxc/core/plan/StartPlan"
import { planCleanup, planKill, planStop } from "@effect-lxc/core/plan/StopPlan"
import { Arbitraries, Facts, Incidents, Laws, Neighbours, Scenario, Situation, TestHypervisor } from "@effect-lxc/test-kit"
import { suite } from "@effect-lxc/test-kit/LawSuite"
import { assert, describe, it } from "@effect/vitest"
import { Arbitrary, Effect, Result, Schema } from "effect"

interface Asked {
  readonly instance: Instance
  readonly name: InstanceName
}

const trialOf = (instance: Instance, neighbours: ReadonlyArray<Neighbours.Neighbour>, host: Laws.Trial<Asked>["host"], from: unknown) => ({
  input: { instance, name: instance.name },
  host: Neighbours.withNeighbours(neighbours, host),
  from: { neighbours, from }
})

/** A disk that neighbours may have, a link to what may be the nic of one, and a nic with the MAC of one. */
const More = Schema.Struct({ partition: Schema.NullOr(Schema.Literals([1, 2])), neighbourly: Schema.Boolean, alike: Schema.Boolean })

const specOf = (scenario: Scenario.Scenario, more: typeof More.Type): Instance => {
  const { disks, nics, ...spec } = Scenario.specOf(scenario)
  const link = { mode: "macvlan", link: vethName("app1", 1) }
  const written = more.neighbourly && scenario.lxc !== "oldest" ? [...Scenario.instanceOf(scenario).nics, link] : nics
  return Result.getOrThrow(decodeInstance({
    ...spec,
    disks: more.partition === null ? disks : [{ path: Neighbours.sharedDisk, partition: more.partition }],
    nics: more.alike ? [...written as ReadonlyArray<unknown>, { link: "br0", mac: derive("app1", 0) }] : written
  }))
}

const starts = Arbitrary.map(
  Arbitrary.all([Arbitraries.scenario, Arbitraries.neighbours, Arbitrary.schema(More)]),
  ([scenario, neighbours, more]) => trialOf(specOf(scenario, more), neighbours, Scenario.hostOf(scenario), { scenario, more })
)

const situations = Arbitrary.map(
  Arbitrary.all([Arbitraries.situation, Arbitraries.neighbours, Arbitrary.schema(Schema.Boolean)]),
  ([situation, neighbours, recorded]) => {
    const instance = Scenario.instanceOf(situation.scenario)
    const lost = recorded ? [] : [Incidents.removePath(defaultDirectories.record(instance.name))]
    const host = lost.reduce((state, incident) => incident(state), Situation.hostOf(situation))
    return trialOf(instance, neighbours, host, { situation, recorded })
  }
)

const law = Laws.contentWithPart(({ instance }: Asked) => ({ instance: instance.name, links: namedBy(instance).links }))

/** Nothing is named for what is asked about something that has a record, but by that. */
const byRecord = Laws.contentWithPart(({ name }: Asked) => ({ instance: name }))

/** What takes nothing that another could have. */
const alone = Laws.contentWithPart(({ name }: Asked) => ({ instance: name, alone: true }))

const planner = (name: string, plan: Laws.Planner<Asked>["plan"]): Laws.Planner<Asked> => ({ name, plan })

suite({ ...planner("planStart", ({ instance }, at, facts) => planStart(instance, at, facts)), paths: ({ instance }) => namedBy(instance).paths }, starts, { laws: [law], runs: 200 })
suite(planner("planReboot", ({ name }, at, facts) => planReboot(name, at, facts)), situations, { laws: [byRecord], runs: 40 })
for (const each of [
  planner("planStop", ({ name }, at, facts) => planStop(name, at, facts)),
  planner("planKill", ({ name }, at, facts) => planKill(name, at, facts)),
  planner("planCleanup", ({ name }, at, facts) => planCleanup(name, at, facts)),
  planner("planFreeze", ({ name }, at, facts) => planFreeze(name, at, facts)),
  planner("planRecover", ({ name }, at, facts) => planRecover(name, [], at, facts)),
  planner("planResize", ({ name }, at, facts) => planResize(name, { pids: 50 }, at, facts))
]) suite(each, situations, { laws: [alone], runs: 40 })

describe("the part of the facts for one instance", () => {
  const neighbour = (disk: Neighbours.Neighbour["disk"], nics: 0 | 2 = 0): Neighbours.Neighbour => ({ name: "app1", disk, nics, fares: "running" })
  const host = (...neighbours: ReadonlyArray<Neighbours.Neighbour>) =>
    Neighbours.withNeighbours(neighbours, Scenario.hostOf({ ...Scenario.simplest, nics: ["bridged"] }))
  const everything = (...neighbours: ReadonlyArray<Neighbours.Neighbour>) => Facts.factsOf(host(...neighbours), defaultDirectories, ["/srv/images/root.img"])
  const asked = { directories: defaultDirectories, instance: "web1", paths: ["/srv/images/root.img"] }
  const web1 = Scenario.instanceOf(Scenario.simplest)

  it("has nothing of a neighbour with a disk of its own but that it lives, and by what record", () => {
    const whole = everything(neighbour("own", 2))
    const part = factsFor(asked, whole)
    const { limits, memoryUsage, ...container } = whole.containers[0] ?? assert.fail("no neighbour runs")
    assert.isNotEmpty(limits)
    assert.isDefined(memoryUsage)
    const unseen = { monitor: null, init: null, files: [] }
    assert.deepStrictEqual(part.containers, [{ ...container, ...unseen }])
    assert.deepStrictEqual(part.paths.map((each) => each.path), asked.paths)
    assert.deepStrictEqual([part.loops, part.cgroupDirectories], [[], []])
  })

  it("has no interface of the host's but those that it is linked to, and its own", () => {
    const links = ["br0", vethName("app1", 1)]
    const whole = everything(neighbour("own", 2))
    const named = (name: string, planned: { readonly links?: ReadonlyArray<string> }) =>
      factsFor({ ...asked, ...planned, instance: name }, whole).interfaces.map((each) => each.name).sort()
    assert.deepStrictEqual(named("web1", {}), [])
    assert.deepStrictEqual(named("web1", { links }), [...links].sort())
    assert.deepStrictEqual(named("app1", {}), ["br0", vethName("app1", 0), vethName("app1", 1)])
  })

  it("has nothing of others for what takes nothing of them, but that those live whose cgroups may seem to be its own", () => {
    const whole = everything(neighbour("own", 2))
    assert.deepStrictEqual(factsFor({ ...asked, alone: true }, whole).containers, [])
    const alike = { ...whole, containers: ["web1-1", "web10", "web1-x"].flatMap((name) => whole.containers.map((each) => ({ ...each, name }))) }
    assert.deepStrictEqual(
      factsFor({ ...asked, alone: true }, alike).containers,
      factsFor(asked, alike).containers.slice(0, 1).map((each) => ({ ...each, record: null }))
    )
    const twice = { ...whole, paths: whole.paths.map((each) => ({ ...each, inode: "1:7" })) }
    assert.deepStrictEqual(factsFor({ ...asked, alone: true }, twice).paths.map((each) => each.path), asked.paths)
  })

  it("keeps a neighbour's disk that is the same file by another name", () => {
    const whole = everything(neighbour("own"))
    const twice = { ...whole, paths: whole.paths.map((each) => ({ ...each, inode: "1:7" })) }
    const answers = [whole, twice].map((facts) => planStart(web1, defaultDirectories, factsFor(asked, facts)))
    assert.deepStrictEqual(answers.map(Result.isSuccess), [true, false])
  })

  it("keeps a loop device that has its file by another name, which is mounted elsewhere", () => {
    const whole = everything()
    const [root] = whole.mounts
    if (root === undefined) return assert.fail("nothing is mounted")
    const twice = {
      ...whole,
      paths: whole.paths.map((each) => ({ ...each, inode: "1:7" })),
      loops: [{ device: "/dev/loop7", backingFile: "/srv/hard-link.img", inode: "1:7" }, { device: "/dev/loop8", backingFile: "/srv/other.img", inode: "1:8" }],
      mounts: [...whole.mounts, { ...root, source: "/dev/loop7", target: "/mnt" }, { ...root, source: "/dev/loop8", target: "/opt" }]
    }
    assert.deepStrictEqual(factsFor(asked, twice).loops.map(({ device }) => device), ["/dev/loop7"])
    for (const facts of [twice, factsFor(asked, twice)]) {
      const plan = planStart(web1, defaultDirectories, facts)
      assert.match(Result.isFailure(plan) ? plan.failure.message : "", /is mounted on \/mnt \(\/dev\/loop7\)/)
    }
  })

  it.effect("has the nic of another that a spec is linked to", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const link = vethName("app1", 1)
      const linked = yield* Effect.fromResult(decodeInstance({ name: "web1", disks: [{ path: "/srv/images/root.img" }], nics: [{ mode: "macvlan", link }] }))
      const { basis } = yield* hypervisor.plan.start(linked)
      assert.deepStrictEqual(basis.interfaces.map((each) => each.name), [link])
    }).pipe(Effect.provide(TestHypervisor.layer({ host: host(neighbour("own", 2)) }))))
})
