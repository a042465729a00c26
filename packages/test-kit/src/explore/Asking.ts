/**
 * Requests as somebody would make them who knows how things are: they fit the state that the instance should be in.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import type { Dice } from "../Dice.ts"
import type { Request } from "../Request.ts"
import { type Scenario, specOf } from "../Scenario.ts"
import { places } from "./Belonging.ts"
import type { Ask, Starting } from "./Case.ts"

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

type List<A> = readonly [A, ...ReadonlyArray<A>]

/**
 * What an instance should be, if nothing went wrong since: `unwell` is what an incident or a crash left, `packed` and `kept` what
 * is down with an export, or a checkpoint, that it can be had from.
 */
type Expected = "down" | "packed" | "kept" | "runs" | "frozen" | "unwell"

const unwell: ReadonlySet<Starting["_tag"]> = new Set(["Orphaned", "MonitorKilled", "MonitorStopped", "InitKilled", "CrashedStart", "CrashedKill"])

const expectedFirst = (scenario: Scenario, { _tag }: Starting): Expected => {
  if (unwell.has(_tag)) return "unwell"
  switch (_tag) {
    case "Running":
      return "runs"
    case "Frozen":
      return "frozen"
    case "Exported":
      return scenario.disk === "device" ? "runs" : "packed"
    case "Checkpointed":
      return scenario.quiet ? "kept" : "runs"
    default:
      return "down"
  }
}

/** What is on a device is not exported, and what has terminals goes on running. */
const expectedAfter = (scenario: Scenario, request: Request, before: Expected): Expected => {
  switch (request._tag) {
    case "Start":
    case "Reboot":
    case "RebootInPlace":
    case "Thaw":
    case "Restore":
    case "Import":
      return "runs"
    case "Freeze":
      return "frozen"
    case "Stop":
    case "Kill":
      return "down"
    case "Export":
      return scenario.disk === "device" ? before : "packed"
    case "Checkpoint":
      return request.stop === true && scenario.quiet ? "kept" : before
    default:
      return before === "unwell" ? "down" : before
  }
}

/** What the instance of a scenario is refused, whatever it does. */
const isVain = ({ bootable, disk, quiet }: Scenario, tag: Request["_tag"]): boolean =>
  (tag === "Export" && disk === "device") || (tag === "Checkpoint" && !quiet) || (tag === "RebootInPlace" && !bootable)

const mebibyte = 1024 * 1024

const drawResize = (dice: Dice, name: InstanceName): Request => ({
  _tag: "Resize",
  name,
  wanted: dice.pick<Extract<Request, { readonly _tag: "Resize" }>["wanted"]>([
    { memory: 128 * mebibyte, pids: 50 },
    { memory: 96 * mebibyte, swap: 32 * mebibyte },
    { memory: 512 * mebibyte, vcpus: 2, cpuWeight: 50 },
    { vcpus: 0.25, pids: 200 },
    // Less than a systemd uses.
    { memory: 16 * mebibyte }
  ]),
  ...dice.oneIn(4) ? { force: true } : {}
})

/** The tags of what fits, those that come more often more than once; the first is refused nowhere. */
const fitting: Readonly<Record<Expected, List<Request["_tag"]>>> = {
  down: ["Start", "Start", "Start", "Start", "Start", "Start", "Export", "Stop", "Cleanup"],
  packed: ["Import", "Import", "Import", "Start", "Start", "Export"],
  kept: ["Restore", "Restore", "Restore", "Start"],
  runs: ["Stop", "Stop", "Stop", "Kill", "Kill", "Reboot", "Reboot", "RebootInPlace", "Freeze", "Freeze", "Resize", "Resize", "Export", "Checkpoint", "Checkpoint"],
  frozen: ["Thaw", "Thaw", "Thaw", "Stop", "Stop", "Kill", "Resize", "Reboot", "Export", "Checkpoint"],
  unwell: ["Recover", "Stop", "Stop", "Kill", "Kill", "Cleanup", "Start", "Start", "Start", "Reboot", "Resize", "Export"]
}

const drawRequest = (dice: Dice, scenario: Scenario, expected: Expected): Request => {
  const all = requestsOf(scenario)
  if (dice.oneIn(10)) return dice.pick(all)
  const [common, ...rarer] = fitting[expected]
  const tag = dice.pick([common, ...rarer.filter((each) => !isVain(scenario, each))])
  if (tag === "Resize") return drawResize(dice, InstanceName.make(scenario.name))
  const [one = all[0], ...others] = all.filter((each) => each._tag === tag)
  return dice.pick([one, ...others])
}

const drawInterruption = (dice: Dice): number | null => dice.oneIn(6) ? dice.below(dice.pick([60, 700, 3_000])) : null

/** After a fault one asks for the same once more, or for a recovery, or goes on as if nothing had been. */
const drawNext = (dice: Dice, scenario: Scenario, expected: Expected, last: Request | undefined): Request => {
  if (last === undefined || !dice.oneIn(3)) return drawRequest(dice, scenario, expected)
  return dice.oneIn(2) ? last : { _tag: "Recover", name: InstanceName.make(scenario.name) }
}

/**
 * What an operator asks, one thing after the other; at least `least` things.
 *
 * @since 0.1.0
 * @category constructors
 */
export const drawAsks = (dice: Dice, scenario: Scenario, starting: Starting, least: number): ReadonlyArray<Ask> => {
  const asks: Array<Ask> = []
  let expected = expectedFirst(scenario, starting)
  for (let left = least + dice.below(3); left > 0; left -= 1) {
    const request = drawNext(dice, scenario, expected, asks.at(-1)?.request)
    asks.push({ request, afterMs: dice.pick([0, 0, 0, 40, 600, 2_000]), interruptAfterMs: drawInterruption(dice) })
    expected = expectedAfter(scenario, request, expected)
  }
  return asks
}

/**
 * What somebody else asks meanwhile: while the first one is at its first request, or when that should be done.
 *
 * @since 0.1.0
 * @category constructors
 */
export const drawRivalAsks = (dice: Dice, scenario: Scenario, starting: Starting, rival: ReadonlyArray<Ask>): ReadonlyArray<Ask> => {
  const before = expectedFirst(scenario, starting)
  const first = rival[0]?.request
  const stopping = first?._tag === "Stop" && dice.oneIn(2)
  const expected = first === undefined || !dice.oneIn(3) ? before : expectedAfter(scenario, first, before)
  // A stop that waits for its guest is overtaken by a kill.
  const request: Request = stopping ? { _tag: "Kill", name: first.name } : drawRequest(dice, scenario, expected)
  const ask = { request, afterMs: dice.below(dice.pick([10, 100, 700, 6_000])), interruptAfterMs: drawInterruption(dice) }
  const rest = drawNext(dice, scenario, expectedAfter(scenario, request, expected), request)
  return dice.oneIn(2) ? [ask] : [ask, { request: rest, afterMs: dice.pick([0, 0, 300]), interruptAfterMs: null }]
}
