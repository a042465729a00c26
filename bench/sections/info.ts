import type { UsageField } from "@effect-lxc/core/host/ContainerUsage"
import { Effect } from "effect"
import { monitorEventLoopDelay } from "node:perf_hooks"
import { floorOf, noCompiler } from "../Floor.ts"
import { alternately, timed } from "../Measure.ts"
import { atLeast, atMost, type Found, row, type Section } from "../Section.ts"
import { lxc } from "../Tools.ts"

/** What `lxc-ls -f` and `lxc-info` show beside names, states and pids; an info has no number for `KMem use`. */
const fields: ReadonlyArray<UsageField> = ["memory.usageBytes", "cpu.usageSeconds", "io", "interfaces"]

/** V8 compiles for so many rounds: whoever asks every second is beyond them in a minute. */
const warmUp = 40

export const info: Section = {
  name: "info",
  needs: "fleet",
  measure: async (fleet, given): Promise<Found> => {
    const { hypervisor, lab, running } = fleet
    const floor = floorOf(fleet, given, "info")
    const one = running.slice(0, 20)
    const ours = timed(() => Effect.runPromise(hypervisor.infoAll({ fields })))
    for (let round = 0; round < warmUp; round++) await ours()
    const found = await alternately(10, {
      ours,
      floor: floor ?? (() => Promise.resolve(Number.NaN)),
      whole: timed(() => Effect.runPromise(hypervisor.infoAll())),
      lxcLs: timed(() => lxc("lxc-ls", "-f", "-P", lab.lxcPath)),
      lxcInfo: timed(async () => {
        for (const { name } of one) await lxc("lxc-info", "-n", name, "-P", lab.lxcPath)
      })
    })
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    for (let round = 0; round < 10; round++) await Effect.runPromise(hypervisor.infoAll())
    delay.disable()
    const count = running.length
    return {
      rows: [
        row(`info of ${count} running, what lxc-ls -f and lxc-info show`, found.ours),
        ...(floor === undefined ? [] : [row("C floor of that", found.floor)]),
        row(`info of ${count} running, everything`, found.whole),
        row("lxc-ls -f", found.lxcLs),
        row(`${one.length} x lxc-info`, found.lxcInfo)
      ],
      goals: [
        atLeast("info: at least 15x faster than lxc-ls -f", found.lxcLs.median / found.ours.median, 15),
        ...(floor === undefined ? [] : [atMost("info: at most 4x the C floor", found.ours.median / found.floor.median, 4)]),
        atMost("info: the event loop stands still for at most 5 ms (p99)", delay.percentile(99) / 1e6 - 1, 5, " ms")
      ],
      notes: floor === undefined ? [noCompiler] : []
    }
  }
}
