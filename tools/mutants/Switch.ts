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

/** Which mutant is on, if any, and which were come by. */
export class Switch {
  #on: number | undefined = undefined
  #left = Number.POSITIVE_INFINITY
  readonly #passed: Uint8Array
  #count = 0
  readonly #initials = registered()

  constructor(mutants: number) {
    this.#passed = new Uint8Array(mutants)
  }

  /** Gives instrumented modules what they call. */
  install(): void {
    Object.assign(globalThis, {
      __mutant: (id: number): boolean => {
        this.#count += 1
        if (this.#count > this.#left) throw new Error("the mutant goes on without end")
        this.#passed[id] = 1
        return id === this.#on
      },
      __initials: (file: string, initials: ReadonlyArray<Initial>): void => void this.#initials.set(file, initials)
    })
  }

  /** Begins to count anew. */
  reset(): void {
    this.#passed.fill(0)
    this.#count = 0
  }

  /** What was come by since, and how often one was. */
  get passed(): ReadonlyArray<number> {
    return [...this.#passed.keys()].filter((id) => this.#passed[id] === 1)
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
