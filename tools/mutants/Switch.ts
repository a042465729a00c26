import { isDeepStrictEqual } from "node:util"

/** How a constant of a module is computed, and the mutants in that. */
interface Initial {
  readonly ids: ReadonlyArray<number>
  readonly compute: () => void
}

/** Modules stay from one file of tests to the next, and so does what they registered; each file has a runner of its own. */
const registered = (): Map<string, ReadonlyArray<Initial>> => {
  // Only what is set here has this name.
  const kept = globalThis as { __registered?: Map<string, ReadonlyArray<Initial>> }
  kept.__registered ??= new Map()
  return kept.__registered
}

/** What a mutant goes through before it is called endless, where what it replaces is computed. */
const longest = 100_000

/** Which mutant is on, if any; and while none is, which were come by, and which of those made a difference there. */
export class Switch {
  #on: number | undefined = undefined
  #left = Number.POSITIVE_INFINITY
  readonly #passed: Uint8Array
  readonly #different: Uint8Array
  #isTrying = false
  #count = 0
  readonly #initials = registered()

  constructor(mutants: number) {
    this.#passed = new Uint8Array(mutants)
    this.#different = new Uint8Array(mutants)
  }

  /** Gives instrumented modules what they call. */
  install(): void {
    Object.assign(globalThis, {
      // Where something is done or not, which is always a difference.
      __mutant: (id: number): boolean => {
        this.#step()
        if (!this.#isTrying) this.#passed[id] = this.#different[id] = 1
        return id === this.#on
      },
      // Where something is computed.
      __choose: (ids: ReadonlyArray<number>, original: () => unknown, mutants: ReadonlyArray<() => unknown>): unknown => {
        this.#step()
        if (this.#on !== undefined) return (mutants[ids.indexOf(this.#on)] ?? original)()
        const found = original()
        if (!this.#isTrying) for (const [index, id] of ids.entries()) this.#try(id, found, mutants[index] ?? original)
        return found
      },
      __initials: (file: string, initials: ReadonlyArray<Initial>): void => void this.#initials.set(file, initials)
    })
  }

  #step(): void {
    this.#count += 1
    if (this.#count > this.#left) throw new Error("the mutant goes on without end")
  }

  /** Whether a mutant gives something else than was found. What decides is pure: to compute it once more does nothing. */
  #try(id: number, found: unknown, mutant: () => unknown): void {
    this.#passed[id] = 1
    if (this.#different[id] === 1) return
    const count = this.#count
    this.#isTrying = true
    this.#left = count + longest
    try {
      if (!isDeepStrictEqual(mutant(), found)) this.#different[id] = 1
    } catch {
      this.#different[id] = 1
    } finally {
      this.#isTrying = false
      this.#left = Number.POSITIVE_INFINITY
      this.#count = count
    }
  }

  /** Begins to count anew. */
  reset(): void {
    this.#passed.fill(0)
    this.#different.fill(0)
    this.#count = 0
  }

  /** What was come by since, what of it made a difference there, and how often one was come by. */
  get passed(): ReadonlyArray<number> {
    return [...this.#passed.keys()].filter((id) => this.#passed[id] === 1)
  }
  get different(): ReadonlyArray<number> {
    return [...this.#different.keys()].filter((id) => this.#different[id] === 1)
  }
  get count(): number {
    return this.#count
  }

  /** Has one mutant on until what it gives is called; to come by more than `limit` mutants meanwhile is an error. */
  turnOn(id: number, limit: number): () => void {
    this.#count = 0
    this.#on = id
    this.#recompute(id)
    this.#left = limit
    return () => {
      this.#on = undefined
      this.#left = Number.POSITIVE_INFINITY
      this.#recompute(id)
    }
  }

  /** The constant that a mutant is in, and those after it, which may be made of it. */
  #recompute(id: number): void {
    for (const initials of this.#initials.values()) {
      const first = initials.findIndex(({ ids }) => ids.includes(id))
      if (first >= 0) for (const { compute } of initials.slice(first)) compute()
    }
  }
}
