/**
 * What `effect-lxc list` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { escape } from "@effect-lxc/core/model/HostText"
import type { ContainerSummary } from "@effect-lxc/core/runtime/Queries"
import { Json } from "../Globals.ts"
import { withQueries } from "../Hypervisors.ts"
import { Output } from "../Output.ts"
import { table } from "../Table.ts"

const shown = ({ initPid, lxcPath, managed, meantToRun, name, problem, state }: ContainerSummary) => ({
  name,
  state,
  initPid,
  managed,
  problem,
  lxcPath,
  meantToRun
})

const tableOf = (containers: ReadonlyArray<ContainerSummary>, all: boolean): string =>
  table(
    ["NAME", "STATE", "PID", "PROBLEM", ...(all ? ["LXCPATH"] : [])],
    containers.map(({ initPid, lxcPath, meantToRun, name, problem, state }) => [
      escape(name),
      state,
      initPid === null ? "-" : String(initPid),
      meantToRun && state === "STOPPED" ? `${problem ?? "-"}, meant to run` : problem ?? "-",
      ...(all ? [escape(lxcPath)] : [])
    ])
  )

/**
 * Prints the containers, sorted by name.
 *
 * @since 0.1.0
 * @category actions
 */
export const list = Effect.fnUntraced(function*({ all }: { readonly all: boolean }) {
  const output = yield* Output
  const containers = yield* withQueries((queries) => queries.list({ all }))
  yield* output.out(
    (yield* Json) ? `${JSON.stringify(containers.map(shown), undefined, 2)}\n` : tableOf(containers, all)
  )
})
