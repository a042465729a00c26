/**
 * Removing control groups that LXC left.
 *
 * @since 0.1.0
 */
import * as Commands from "@effect-lxc/core/plan/Commands"
import type { Step } from "@effect-lxc/core/plan/Step"
import { HostError } from "@effect-lxc/core/runtime/Host"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { pidsBelow } from "./CgroupTree.ts"
import { systemCall } from "./HostFiles.ts"
import { directoryNames, errnoOf, lstat } from "./KernelFiles.ts"
import { commandOf } from "./Processes.ts"
import { runTool, ToolLimits } from "./Tools.ts"

type RemoveCgroups = Extract<Step, { readonly _tag: "RemoveCgroups" }>

const retryEvery = 10

const groupsOf = (step: RemoveCgroups): ReadonlyArray<string> =>
  step.hierarchies
    .flatMap((tree) => step.names.map((name) => `${tree}/${name}`))
    .filter((group) => lstat(group)?.isDirectory() === true)

/**
 * @since 0.1.0
 * @category steps
 */
export const observeNoCgroups = (step: RemoveCgroups) =>
  systemCall("lstat", step.names.join(" "), () => ({ done: groupsOf(step).length === 0 }))

/** Removes the groups below first; gives false where one is busy. */
const removeGroup = (group: string): boolean => {
  for (const name of directoryNames(group)) {
    if (!removeGroup(`${group}/${name}`)) return false
  }
  try {
    fs.rmdirSync(group)
    return true
  } catch (error) {
    const code = errnoOf(error)
    if (code === "ENOENT") return true
    if (code === "EBUSY" || code === "ENAMETOOLONG") return false
    throw error
  }
}

/**
 * @since 0.1.0
 * @category steps
 */
export const removeCgroups = Effect.fn("CgroupSteps.remove")(function*(step: RemoveCgroups) {
  // A group is busy until the last process in it is reaped, and its offline children are gone.
  const { busy } = yield* ToolLimits
  const until = (yield* Clock.currentTimeMillis) + busy
  for (const group of groupsOf(step)) {
    while (!(yield* systemCall("rmdir", group, () => removeGroup(group)))) {
      // A guest may make groups deeper than a path can say, and with names that are no text: find(1) needs neither.
      yield* Effect.ignore(runTool(Commands.removeCgroup(group), "tool"))
      if ((yield* Clock.currentTimeMillis) >= until) {
        const holders = pidsBelow(group).slice(0, 20).map((pid) => ({ pid, command: commandOf(pid) }))
        return yield* new HostError({ problem: { _tag: "Busy", path: group, waitedMs: busy, holders } })
      }
      yield* Effect.sleep(retryEvery)
    }
  }
})
