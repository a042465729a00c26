import { Effect } from "effect"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { slopeOf, spreadOf } from "../Measure.ts"
import { atMost, type Found, row, type Section } from "../Section.ts"
import { livesOf } from "./lives.ts"

setFlagsFromString("--expose-gc")
const collect = runInNewContext("gc") as () => void // what the flag above puts there

const points = 40

/** Bytes of heap in use after each of so many equal parts of the work. */
const heapsOver = async (work: () => Promise<unknown>): Promise<ReadonlyArray<number>> => {
  const heaps: Array<number> = []
  for (let point = 0; point < points; point++) {
    await work()
    collect()
    collect()
    heaps.push(process.memoryUsage().heapUsed)
  }
  return heaps
}

const kibibytes = (bytes: number): number => bytes / 1024

const foundOf = (what: string, heaps: ReadonlyArray<number>): Found => {
  const second = heaps.slice(points / 2)
  return {
    rows: [row(`heap over ${what}`, spreadOf(second.map(kibibytes)), "KiB")],
    goals: [atMost(`memory: ${what} let the heap grow by at most 64 KiB in their second half`, kibibytes(slopeOf(second) * second.length), 64, " KiB")]
  }
}

export const memory: Section = {
  name: "memory",
  needs: "fleet",
  measure: async ({ hypervisor, running }, { rounds }) => {
    const each = Math.ceil(rounds / points)
    const [first] = running
    if (first === undefined) throw new Error("no container runs")
    const looks = await heapsOver(async () => {
      for (let round = 0; round < each; round++) {
        await Effect.runPromise(hypervisor.list())
        await Effect.runPromise(hypervisor.info(first.name))
      }
    })
    const lives = await heapsOver(() => Effect.runPromise(livesOf(25)))
    const [one, other] = [foundOf(`${each * points} rounds of list and info`, looks), foundOf(`${25 * points} simulated lives`, lives)]
    return { rows: [...one.rows, ...other.rows], goals: [...one.goals, ...other.goals] }
  }
}
