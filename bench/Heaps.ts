import { collect } from "./Garbage.ts"
import { slopeOf, spreadOf } from "./Measure.ts"
import { atMost, type Found, row } from "./Section.ts"

/** How many equal parts the work over which the heap is watched has. */
export const parts = 40

/** Bytes of heap in use after each part of the work. */
export const heapsOver = async (work: () => Promise<unknown>): Promise<ReadonlyArray<number>> => {
  const heaps: Array<number> = []
  for (let part = 0; part < parts; part++) {
    await work()
    collect()
    collect()
    heaps.push(process.memoryUsage().heapUsed)
  }
  return heaps
}

const kibibytes = (bytes: number): number => bytes / 1024

/** Whether the heap levelled off: in the first half caches fill and code is made, in the second nothing may be kept. */
export const levelOf = (what: string, heaps: ReadonlyArray<number>): Found => {
  const second = heaps.slice(parts / 2)
  return {
    rows: [row(`heap over ${what}`, spreadOf(second.map(kibibytes)), "KiB")],
    goals: [atMost(`memory: ${what} let the heap grow by at most 64 KiB in their second half`, kibibytes(slopeOf(second) * second.length), 64, " KiB")]
  }
}
