/**
 * Cases drawn from seeds.
 *
 * @since 0.1.0
 */
import { type Dice, makeDice } from "../Dice.ts"
import type { Scenario } from "../Scenario.ts"
import { drawAsks, drawRivalAsks } from "./Asking.ts"
import type { Case, Operator, Starting } from "./Case.ts"
import { drawTrouble } from "./Trouble.ts"

/** So few scenarios, that the states to start from need not be made anew for each case. */
const scenarios = 32

const several = <A>(dice: Dice, most: number, one: () => A): ReadonlyArray<A> =>
  Array.from({ length: dice.below(most + 1) }, one)

const drawScenario = (seed: number): Scenario => {
  const dice = makeDice(seed)
  return {
    name: dice.pick(["web1", "web1", "web10", "web1-1", "db.example.com"]),
    layout: dice.pick(["v2", "v1", "hybrid"]),
    lxc: dice.pick(["5", "6", "4"]),
    disk: dice.pick(["image", "device", "directory"]),
    readOnly: dice.oneIn(4),
    volatile: dice.oneIn(5),
    data: dice.oneIn(5),
    bootable: dice.oneIn(5),
    quiet: dice.oneIn(3),
    guest: dice.pick(["busybox", "systemd"]),
    nics: several(dice, 2, () => dice.pick(["bridged", "small", "macvlan", "phys"])),
    memory: dice.pick([null, "64MiB", "256MiB"]),
    swap: dice.oneIn(3),
    vcpus: dice.pick([null, 1, 0.5, 2]),
    cpuWeight: dice.pick([null, 100, 10_000]),
    pids: dice.pick([null, 100]),
    residue: dice.oneIn(3)
      ? several(dice, 2, () => dice.pick(["monitor-cgroup", "payload-cgroup", "interface", "run-files", "half-written", "log"]))
      : []
  }
}

const drawStarting = (dice: Dice): Starting => {
  const nth = 3 * dice.below(10)
  return dice.pick<Starting>([
    { _tag: "Clean" },
    { _tag: "Running" },
    { _tag: "Running" },
    { _tag: "Frozen" },
    { _tag: "Orphaned" },
    { _tag: "MonitorKilled" },
    { _tag: "MonitorStopped" },
    { _tag: "InitKilled" },
    { _tag: "Exported" },
    { _tag: "Checkpointed" },
    { _tag: "Booted" },
    { _tag: "CrashedStart", nth },
    { _tag: "CrashedKill", nth }
  ])
}

/**
 * The case of a seed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const draw = (seed: number): Case => {
  const dice = makeDice(seed)
  const scenario = drawScenario(dice.below(scenarios))
  const starting = drawStarting(dice)
  const trouble = drawTrouble(dice, scenario)
  // Where the process may die there is another one.
  const asks = drawAsks(dice, scenario, starting, trouble.afterCrash.length > 0 ? 2 : 1)
  const rivals = Array.from({ length: dice.pick([0, 0, 0, 1, 1, 2]) }, (): Operator => ({
    asks: drawRivalAsks(dice, scenario, starting, asks),
    ...dice.oneIn(2) ? drawTrouble(dice, scenario) : { faults: [], afterCrash: [] }
  }))
  return { scenario, starting, neighbour: dice.oneIn(4), operators: [{ asks, ...trouble }, ...rivals], schedule: dice.below(1_000_000) }
}
