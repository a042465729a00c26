/**
 * Cases drawn from seeds.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { type Dice, makeDice } from "../Dice.ts"
import * as Faults from "../Faults.ts"
import type { Request } from "../Request.ts"
import type { Happening } from "../Happening.ts"
import { type Scenario, specOf } from "../Scenario.ts"
import { places } from "./Belonging.ts"
import type { Ask, Case, Operator, Starting } from "./Case.ts"
import { directories } from "./StartingState.ts"

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
 * Everything that can be asked of the instance of a scenario, once.
 *
 * @since 0.1.0
 * @category constructors
 */
export const requestsOf = (scenario: Scenario): readonly [Request, ...ReadonlyArray<Request>] => {
  const name = InstanceName.make(scenario.name)
  const archive = HostPath.make(`${places.exports}/${name}.tar`)
  const images = HostPath.make(places.imported)
  const checkpoint = HostPath.make(`${places.checkpoints}/${name}`)
  return [
    { _tag: "Start", spec: specOf(scenario) },
    { _tag: "Stop", name, timeoutMs: 5_000 },
    { _tag: "Stop", name, timeoutMs: 1_000, force: true },
    { _tag: "Kill", name },
    { _tag: "Reboot", name },
    { _tag: "RebootInPlace", name, timeoutMs: 5_000 },
    { _tag: "Freeze", name },
    { _tag: "Thaw", name },
    { _tag: "Resize", name, wanted: { memory: 134_217_728, pids: 50 } },
    { _tag: "Cleanup", name },
    { _tag: "Recover", name },
    { _tag: "Recover" },
    { _tag: "Export", name, archive, spec: specOf(scenario), stop: true, force: true },
    { _tag: "Export", name, archive: HostPath.make(`${places.exports}/${name}.new.tar`), spec: specOf(scenario), stop: true },
    { _tag: "Import", archive, images },
    { _tag: "Checkpoint", name, directory: checkpoint },
    { _tag: "Checkpoint", name, directory: checkpoint, stop: true },
    { _tag: "Restore", spec: specOf(scenario), directory: checkpoint }
  ]
}

const drawAsk = (dice: Dice, scenario: Scenario): Ask => ({
  request: dice.oneIn(4) ? { _tag: "Start", spec: specOf(scenario) } : dice.pick(requestsOf(scenario)),
  afterMs: dice.oneIn(2) ? 0 : dice.below(600),
  interruptAfterMs: dice.oneIn(8) ? dice.below(700) : null
})

const drawPlace = (dice: Dice): Faults.FaultPlace => {
  const index = dice.below(40)
  const nth = dice.below(3)
  return dice.pick<Faults.FaultPlace>([
    { _tag: "Index", index },
    { _tag: "Index", index },
    { _tag: "Index", index },
    { _tag: "Tool", tool: dice.pick(["mount", "umount", "losetup", "lxc-start", "lxc-stop", "lxc-freeze", "lxc-unfreeze", "ip", "tar", "rm"]), nth },
    { _tag: "Instant", ms: dice.below(800) },
    { _tag: "Journal", act: dice.pick(["open", "append", "append", "append", "remove"]), nth: dice.below(12) },
    { _tag: "Lock", nth }
  ])
}

const drawHappening = (dice: Dice, scenario: Scenario): Happening => {
  const name = InstanceName.make(scenario.name)
  const root = HostPath.make(directories.rootfs(name))
  return dice.pick<Happening>([
    { _tag: "KillMonitor", name },
    { _tag: "OrphanContainer", name },
    { _tag: "StopMonitor", name },
    { _tag: "KillInit", name },
    { _tag: "ExitInit", name, code: 1 },
    { _tag: "PowerOff", name },
    { _tag: "FreezeContainer", name },
    { _tag: "ThawContainer", name },
    { _tag: "Occupy", path: root },
    { _tag: "MountTmpfs", path: root },
    { _tag: "MountTmpfs", path: HostPath.make(places.checkpoints) }
  ])
}

/** Something befalls the host between two steps, or in the middle of one. */
const drawIncident = (dice: Dice, scenario: Scenario): Faults.Fault =>
  Faults.at(dice.oneIn(2) ? { _tag: "Instant", ms: dice.below(800) } : { _tag: "Index", index: dice.below(40) }, "befall", {
    call: dice.oneIn(2) ? "observe" : "apply",
    happening: drawHappening(dice, scenario)
  })

const drawFault = (dice: Dice, scenario: Scenario): Faults.Fault => {
  if (dice.oneIn(6)) return drawIncident(dice, scenario)
  const place = drawPlace(dice)
  const kind = dice.pick<Faults.FaultKind>(["refuse", "act-then-refuse", "hang", "act-then-hang", "slow", "crash", "crash", "defect", "full-disk"])
  return Faults.at(place, kind, {
    call: dice.oneIn(5) ? "observe" : "apply",
    repeats: kind !== "crash" && dice.oneIn(10),
    ...(kind === "slow" ? { ms: dice.below(3_000) } : {}),
    ...(kind === "full-disk" ? { path: dice.pick(["/run", "/run/effect-lxc/containers", "/var/log", "/var/lib", "/srv"]) } : {})
  })
}

const drawOperator = (dice: Dice, scenario: Scenario): Operator => ({
  asks: [drawAsk(dice, scenario), ...several(dice, 2, () => drawAsk(dice, scenario))],
  faults: several(dice, 2, () => drawFault(dice, scenario)),
  afterCrash: several(dice, 2, () => drawFault(dice, scenario))
})

/**
 * The case of a seed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const draw = (seed: number): Case => {
  const dice = makeDice(seed)
  const scenario = drawScenario(dice.below(scenarios))
  const others = dice.pick([0, 0, 1, 1, 2])
  return {
    scenario,
    starting: drawStarting(dice),
    neighbour: dice.oneIn(4),
    operators: Array.from({ length: 1 + others }, () => drawOperator(dice, scenario)),
    schedule: dice.below(1_000_000)
  }
}
