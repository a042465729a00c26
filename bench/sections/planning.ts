import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import type { ContainerFacts, HostFacts } from "@effect-lxc/core/host/HostFacts"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { planStart } from "@effect-lxc/core/plan/StartPlan"
import { Facts, Guest, SimulatedHost } from "@effect-lxc/test-kit"
import { Result } from "effect"
import { alternately, type Contender, spreadOf } from "../Measure.ts"
import { atLeast, atMost, row, type Section } from "../Section.ts"

const image = "/srv/web1.img"
const plain = { name: "web1", disks: [{ path: image }], nics: [{ link: "br0" }] }
const instance = Result.getOrThrow(decodeInstance(plain))
const small: HostFacts = Facts.factsOf(
  SimulatedHost.state({ bridges: ["br0"], images: { [image]: Guest.obedient() } }),
  defaultDirectories,
  [image]
)

const foreign = (at: number): ContainerFacts => ({
  name: `other${at}`,
  lxcPath: "/var/lib/lxc",
  socket: true,
  monitor: { pid: 10 * at + 10, startTime: 1, state: "S" },
  init: { pid: 10 * at + 11, startTime: 1, state: "S" },
  populated: true,
  freezer: "thawed",
  files: [],
  record: null,
  meantToRun: false
})

const crowded = (part: number): HostFacts => ({
  ...small,
  mounts: [...small.mounts, ...Array.from({ length: 10_000 * part }, (_, at) => ({
    target: `/mnt/m${at}`, source: `/dev/mapper/v${at}`, root: "/", device: `253:${at}`, fsType: "ext4", options: ["rw"]
  }))],
  containers: [...small.containers, ...Array.from({ length: 2_000 * part }, (_, at) => foreign(at))]
})

const plansOf = (instances: ReadonlyArray<Instance>, facts: HostFacts): Contender => () => {
  const began = performance.now()
  for (const each of instances) Result.getOrThrow(planStart(each, defaultDirectories, facts))
  return Promise.resolve(performance.now() - began)
}

/** So many that they collect their own garbage several times. */
const count = 5_000

const several = Array.from({ length: count }, () => instance)

/** Rounds until V8 has compiled what a plan is made by: it looks at all of it again and again. */
const warmUp = 5

/** Of which none was planned before: their records are not written yet. */
const others = () => Array.from({ length: count }, () => Result.getOrThrow(decodeInstance(plain)))

export const planning: Section = {
  name: "planning",
  needs: "nothing",
  measure: async () => {
    const some = several.slice(0, 20)
    const first = await plansOf(several.slice(0, 1_000), small)()
    const found = await alternately(15, {
      small: plansOf(several, small),
      others: () => plansOf(others(), small)(),
      tenth: plansOf(some, crowded(0.1)),
      crowded: plansOf(some, crowded(1))
    }, warmUp)
    return {
      rows: [
        row("the first 1,000 plans of a process", spreadOf([first])),
        row("5,000 plans to start one instance", found.small),
        row("5,000 plans to start instances that are new", found.others),
        row("20 plans with 1,000 mounts and 200 containers", found.tenth),
        row("20 plans with 10,000 mounts and 2,000 containers", found.crowded)
      ],
      goals: [
        atLeast("planning: at least 50,000 a second", 1_000 * count / found.small.median, 50_000, "/s"),
        atMost("planning: 10 times the mounts and containers take at most 15 times as long", found.crowded.median / found.tenth.median, 15)
      ]
    }
  }
}
