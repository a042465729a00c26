/**
 * What goes wrong, close together: in one operation, in it and in its rollback, or in it and in the recovery after it.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import type { Dice } from "../Dice.ts"
import * as Faults from "../Faults.ts"
import type { Happening } from "../Happening.ts"
import type { Scenario } from "../Scenario.ts"
import { places, strangersText } from "./Belonging.ts"
import type { Operator } from "./Case.ts"
import { directories } from "./StartingState.ts"

const tools = ["mount", "umount", "losetup", "lxc-start", "lxc-stop", "lxc-freeze", "lxc-unfreeze", "ip", "tar", "rm", "lxc-checkpoint"] as const

/** Where the first of them strikes: early enough to be within one operation, most of the time. */
const drawPlace = (dice: Dice): Faults.FaultPlace =>
  dice.pick<() => Faults.FaultPlace>([
    () => ({ _tag: "Call", nth: dice.below(3) }),
    () => ({ _tag: "Call", nth: dice.below(6) }),
    () => ({ _tag: "Call", nth: dice.below(12) }),
    () => ({ _tag: "Call", nth: dice.below(12) }),
    () => ({ _tag: "Call", nth: dice.below(24) }),
    () => dice.oneIn(3) ? { _tag: "Lock", nth: dice.below(3) } : { _tag: "Index", index: dice.below(30) },
    () => dice.oneIn(2) ? { _tag: "Tool", tool: dice.pick(tools), nth: dice.below(2) } : { _tag: "Call", nth: dice.below(12) },
    () => ({ _tag: "Instant", ms: dice.below(dice.pick([60, 800, 3_000])) }),
    () => ({ _tag: "Journal", act: "append", nth: dice.below(dice.pick([4, 12, 30])) }),
    () => ({ _tag: "Journal", act: dice.pick(["open", "remove", "remove", "remove"]), nth: dice.below(3) })
  ])()

/** Where another one strikes: close to the one before, so that it often meets the rollback of that. */
const drawNear = (dice: Dice): Faults.FaultPlace =>
  dice.pick<() => Faults.FaultPlace>([
    () => ({ _tag: "Next", nth: 0 }),
    () => ({ _tag: "Next", nth: dice.below(2) }),
    () => ({ _tag: "Next", nth: dice.below(6) }),
    () => ({ _tag: "After", ms: dice.below(dice.pick([5, 50, 600, 5_000, 31_000])) }),
    () => ({ _tag: "Journal", act: "remove", nth: dice.below(3) })
  ])()

const drawHappening = (dice: Dice, scenario: Scenario): Happening => {
  const name = InstanceName.make(scenario.name)
  const root = HostPath.make(directories.rootfs(name))
  const taken = dice.pick([
    `${places.exports}/${name}.tar`, `${places.exports}/${name}.new.tar`, `${places.imported}/${name}.img`, `${places.imported}/${name}.json`
  ])
  return dice.pick<Happening>([
    { _tag: "PutFile", path: HostPath.make(taken), text: strangersText },
    { _tag: "KillMonitor", name },
    { _tag: "OrphanContainer", name },
    { _tag: "StopMonitor", name },
    { _tag: "StopMonitor", name },
    { _tag: "ContinueMonitor", name },
    { _tag: "KillInit", name },
    { _tag: "KillInit", name },
    { _tag: "ExitInit", name, code: 1 },
    { _tag: "PowerOff", name },
    { _tag: "FreezeContainer", name },
    { _tag: "ThawContainer", name },
    { _tag: "Occupy", path: root },
    { _tag: "Release", path: root },
    { _tag: "MountTmpfs", path: root },
    { _tag: "UnmountPath", path: root },
    { _tag: "RebootInside", name },
    { _tag: "MountTmpfs", path: HostPath.make(places.checkpoints) }
  ])
}

/** The power fails, and comes back at once. */
const powerFails = (dice: Dice): Happening => ({ _tag: "Boot", bootId: `5a1d1b2e-0000-4000-8000-0000000000${10 + dice.below(90)}` })

/** Whether the process does not outlive a fault. */
const isDeadly = ({ happening, kind }: Faults.Fault): boolean => kind === "crash" || happening?._tag === "Boot"

/** What makes an operation fail, so that what comes after it meets its rollback. */
const failing = ["refuse", "act-then-refuse", "act-then-refuse", "hang", "act-then-hang"] as const

const kinds = ["refuse", "refuse", "act-then-refuse", "act-then-refuse", "hang", "act-then-hang", "slow", "crash", "crash", "defect", "full-disk"] as const

const drawFailure = (dice: Dice, place: Faults.FaultPlace): Faults.Fault =>
  Faults.at(place, dice.pick(failing), { call: dice.oneIn(6) ? "observe" : "apply" })

const drawFault = (dice: Dice, scenario: Scenario, place: Faults.FaultPlace): Faults.Fault => {
  const call = dice.oneIn(4) ? "observe" : "apply"
  if (dice.oneIn(40)) return Faults.at(place, "befall", { call, happening: powerFails(dice) })
  if (dice.oneIn(4)) return Faults.at(place, "befall", { call, happening: drawHappening(dice, scenario) })
  const kind = dice.pick(kinds)
  return Faults.at(place, kind, {
    call,
    repeats: kind !== "crash" && dice.oneIn(10),
    ...(kind === "slow" ? { ms: dice.below(dice.pick([50, 3_000])) } : {}),
    ...(kind === "full-disk" ? { path: dice.pick(["/run", "/run/effect-lxc/containers", "/var/log", "/var/lib", "/srv"]) } : {})
  })
}

/** Each but the first near the one before; some strike wherever they like. */
const drawBunch = (dice: Dice, scenario: Scenario, count: number): ReadonlyArray<Faults.Fault> =>
  Array.from({ length: count }, (_, index) => {
    if (index === 0 && count > 1 && dice.oneIn(2)) return drawFailure(dice, drawPlace(dice))
    return drawFault(dice, scenario, index === 0 || dice.oneIn(8) ? drawPlace(dice) : drawNear(dice))
  })

/**
 * What goes wrong for an operator: nothing, one thing, or two to four in a bunch; and, where his process may die, for the one after
 * it: of a recovery the first steps are most of them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const drawTrouble = (dice: Dice, scenario: Scenario): Pick<Operator, "faults" | "afterCrash"> => {
  const drawn = drawBunch(dice, scenario, dice.pick([0, 1, 1, 2, 2, 2, 3, 3, 4]))
  const death = drawn.findIndex(isDeadly)
  if (death < 0) return { faults: drawn, afterCrash: [] }
  const early = drawFault(dice, scenario, { _tag: "Call", nth: dice.below(4) })
  return { faults: drawn.slice(0, death + 1), afterCrash: dice.oneIn(4) ? [] : [early, ...Array.from({ length: dice.below(3) }, () => drawFault(dice, scenario, drawNear(dice)))] }
}
