import { Effect } from "effect"
import { floorOf, noCompiler } from "../Floor.ts"
import { alternately, timed } from "../Measure.ts"
import { atLeast, atMost, row, type Section } from "../Section.ts"
import { lxc } from "../Tools.ts"

export const names: Section = {
  name: "names",
  needs: "fleet",
  measure: async (fleet, given) => {
    const { hypervisor, lab, running } = fleet
    const floor = floorOf(fleet, given, "names")
    const found = await alternately(30, {
      ours: timed(() => Effect.runPromise(hypervisor.names)),
      list: timed(() => Effect.runPromise(hypervisor.list())),
      lxcLs: timed(() => lxc("lxc-ls", "-P", lab.lxcPath)),
      floor: floor ?? (() => Promise.resolve(Number.NaN))
    })
    const count = running.length
    return {
      rows: [
        row(`names of ${count} running`, found.ours),
        row(`list of ${count} running, with states`, found.list),
        row("lxc-ls", found.lxcLs),
        ...(floor === undefined ? [] : [row("C floor of names", found.floor)])
      ],
      goals: [
        atLeast("names: at least 10x faster than lxc-ls", found.lxcLs.median / found.ours.median, 10),
        atMost("names: at most 1 ms", found.ours.median, 1, " ms")
      ],
      notes: floor === undefined ? [noCompiler] : []
    }
  }
}
