import { Effect } from "effect"
import { alternately, timed } from "../Measure.ts"
import { atMost, row, type Section } from "../Section.ts"

export const facts: Section = {
  name: "facts",
  needs: "fleet",
  measure: async ({ hypervisor, running }) => {
    const [first] = running
    if (first === undefined) throw new Error("no container runs")
    const found = await alternately(20, {
      plan: timed(() => Effect.runPromise(hypervisor.plan.stop(first.name))),
      whole: timed(() => Effect.runPromise(hypervisor.facts()))
    })
    return {
      rows: [
        row(`facts for one plan, with ${running.length} running, and the plan`, found.plan),
        row("facts of everything", found.whole)
      ],
      goals: [atMost("facts for a plan: at most 10 ms", found.plan.median, 10, " ms")]
    }
  }
}
