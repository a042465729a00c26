import { Effect } from "effect"
import { alternately, timed } from "../Measure.ts"
import { atMost, row, type Section } from "../Section.ts"

export const facts: Section = {
  name: "facts",
  needs: "fleet",
  measure: async ({ hypervisor, lab, running }) => {
    const [first] = running
    if (first === undefined) throw new Error("no container runs")
    const next = lab.instance("next")
    const found = await alternately(20, {
      stop: timed(() => Effect.runPromise(hypervisor.plan.stop(first.name))),
      start: timed(() => Effect.runPromise(hypervisor.plan.start(next))),
      whole: timed(() => Effect.runPromise(hypervisor.facts()))
    })
    return {
      rows: [
        row(`facts for a plan to stop one of ${running.length}, and the plan`, found.stop),
        row("facts for a plan to start one more, and the plan", found.start),
        row("facts of everything", found.whole)
      ],
      goals: [atMost("facts for a plan: at most 10 ms", Math.max(found.stop.median, found.start.median), 10, " ms")]
    }
  }
}
