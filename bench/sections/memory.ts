import { Effect } from "effect"
import { heapsOver, levelOf, parts } from "../Heaps.ts"
import type { Section } from "../Section.ts"
import { livesOf } from "./lives.ts"

/**
 * The code that V8's compilers make is on the heap, too, and a thousand rounds are not enough for them to come to an end:
 * with the compilers off only what is kept makes it grow.
 */
const withoutCompilers = ["--no-opt", "--no-maglev", "--no-sparkplug"]

export const memory: Section = {
  name: "memory",
  needs: "fleet",
  nodeOptions: withoutCompilers,
  measure: async ({ hypervisor, running }, { rounds }) => {
    const each = Math.ceil(rounds / parts)
    const [first] = running
    if (first === undefined) throw new Error("no container runs")
    const heaps = await heapsOver(async () => {
      for (let round = 0; round < each; round++) {
        await Effect.runPromise(hypervisor.list())
        await Effect.runPromise(hypervisor.info(first.name))
      }
    })
    return levelOf(`${each * parts} rounds of list and info`, heaps)
  }
}

const each = 25

export const memoryOfLives: Section = {
  name: "memory-of-lives",
  needs: "nothing",
  nodeOptions: withoutCompilers,
  measure: async () =>
    levelOf(`${each * parts} simulated lives`, await heapsOver(() => Effect.runPromise(livesOf(each))))
}
