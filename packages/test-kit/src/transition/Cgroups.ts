/**
 * Steps on cgroups and interfaces.
 *
 * @since 0.1.0
 */
import * as Commands from "@effect-lxc/core/plan/Commands"
import { after, type Call, type Case, commandFailed, done, failed, type Outcome, pending } from "../Outcome.ts"
import { adjustBridges } from "../Interfaces.ts"
import { processesIn } from "../Process.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { timing } from "../Timing.ts"
import type { Seen } from "./Seen.ts"

const groupsOf = (state: SimulatedState, step: Case<"RemoveCgroups">) =>
  state.trees
    .filter((tree) => step.hierarchies.some((each) => each === tree.mountPoint))
    .flatMap((tree) =>
      step.names
        .filter((name) => tree.groups[name] !== undefined)
        .map((name) => ({ mountPoint: tree.mountPoint, name }))
    )

/**
 * @since 0.1.0
 * @category observations
 */
export const observeRemoveCgroups = (state: SimulatedState, step: Case<"RemoveCgroups">): Seen => ({
  done: groupsOf(state, step).length === 0
})

const removeGroup = (state: SimulatedState, mountPoint: string, name: string): SimulatedState => ({
  ...state,
  trees: state.trees.map((tree) =>
    tree.mountPoint === mountPoint
      ? {
        ...tree,
        groups: Object.fromEntries(
          Object.entries(tree.groups).filter(([path]) => path !== name && !path.startsWith(`${name}/`))
        )
      }
      : tree
  )
})

/**
 * rmdir(2), the children first; EBUSY as long as a process is in it, which is waited for.
 *
 * @since 0.1.0
 * @category transitions
 */
export const removeCgroups = (state: SimulatedState, step: Case<"RemoveCgroups">, call: Call): Outcome => {
  const groups = groupsOf(state, step)
  const busy = groups.find(({ name }) => processesIn(state, name).length > 0)
  const free = groups
    .filter(({ name }) => processesIn(state, name).length === 0)
    .reduce((before, { mountPoint, name }) => removeGroup(before, mountPoint, name), state)
  if (busy === undefined) return done(free)
  const path = `${busy.mountPoint}/${busy.name}`
  const holders = processesIn(state, busy.name).map(({ command, pid }) => ({ pid, command }))
  return state.now >= call.since + timing.groupBusy
    ? failed(free, { _tag: "Busy", path, waitedMs: timing.groupBusy, holders })
    : pending(free, Math.min(state.now + timing.retryRemoveGroup, call.since + timing.groupBusy), "busy")
}

/**
 * @since 0.1.0
 * @category observations
 */
export const observeDeleteInterface = (state: SimulatedState, step: Case<"DeleteInterface">): Seen => ({
  done: state.interfaces.every((each) => each.name !== step.name)
})

/**
 * ip-link(8): lo cannot be deleted.
 *
 * @since 0.1.0
 * @category transitions
 */
export const deleteInterface = (state: SimulatedState, step: Case<"DeleteInterface">, call: Call): Outcome =>
  after(state, call, timing.ipLink, () => {
    const found = state.interfaces.find((each) => each.name === step.name)
    const refuse = (why: string): Outcome => failed(state, commandFailed(Commands.deleteInterface(step), 2, why))
    if (found === undefined) return refuse(`Cannot find device "${step.name}"\n`)
    if (found.kind === "loopback") return refuse("RTNETLINK answers: Operation not supported\n")
    return done({ ...state, interfaces: adjustBridges(state.interfaces.filter((each) => each !== found)) })
  })
