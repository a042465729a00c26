/**
 * Differential runs: the same random moves on two sides, one of them real, and what is answered and seen after each move
 * compared. A difference is a defect of the simulator, or of the library, and is shrunk to what a person can read.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Move, movesOf, type Part, tokenOf, type Trail } from "./differential/Moves.ts"
import { type Setting, unplaced } from "./differential/Setting.ts"
import type { Lines } from "./differential/Sight.ts"

/**
 * A host to move on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Side {
  /** Makes a move and waits until nothing happens by itself any more; gives the answer of a request. */
  readonly take: (move: Move) => Effect.Effect<string | null>
  /** What is seen then; `deep` is everything that is wrong with the host, too. */
  readonly look: (deep: boolean) => Effect.Effect<Lines>
}

/**
 * Two sides that begin alike, in one setting of their own, for one run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sides {
  readonly setting: Setting
  readonly simulated: Side
  readonly real: Side
}

/**
 * What is so on one side only, after the move at `index` of those made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Difference {
  readonly index: number
  readonly simulated: Lines
  readonly real: Lines
  /** The moves that were made, as they read in every setting, each with the answer of the real side. */
  readonly story: Lines
}

/** Lines of one side that the other has not; where both have the same in another order, all of them. */
const apart = (simulated: Lines, real: Lines): readonly [Lines, Lines] => {
  const left = simulated.filter((line) => !real.includes(line))
  const right = real.filter((line) => !simulated.includes(line))
  return left.length + right.length > 0 || simulated.join("\n") === real.join("\n") ? [left, right] : [simulated, real]
}

/** A deep look costs as much as several moves. */
const deepEvery = 8

/** No move waits for so long on purpose: one that does has lost its way. */
const endsWithin = <A>(what: string, effect: Effect.Effect<A>): Effect.Effect<A> =>
  Effect.timeoutOrElse(effect, {
    duration: "1 minute",
    orElse: () => Effect.die(new Error(`${what} did not end within a minute`))
  })

const moveOn = Effect.fnUntraced(function*(name: string, side: Side, move: Move, deep: boolean) {
  const answer = yield* endsWithin(`${JSON.stringify(move)} on the ${name} host`, side.take(move))
  const seen = yield* endsWithin(`a look at the ${name} host after ${JSON.stringify(move)}`, side.look(deep))
  return { answer, lines: answer === null ? seen : [`answer ${answer}`, ...seen] }
})

/**
 * Makes the moves of a trail on both sides, up to the first difference; undefined where there is none.
 *
 * @since 0.1.0
 * @category running
 */
export const run = Effect.fn("Differential.run")(function*(trail: Trail, { real, setting, simulated }: Sides) {
  const plain = unplaced(setting)
  const story: Array<string> = []
  const moves = movesOf(trail, setting)
  for (const [index, move] of moves.entries()) {
    const deep = index % deepEvery === deepEvery - 1 || index === moves.length - 1
    const both = [moveOn("simulated", simulated, move, deep), moveOn("real", real, move, deep)] as const
    // Neither is interrupted for the other's fault: what a simulated operation then undoes would wait for a clock that stands.
    const [first, second] = yield* Effect.all([Effect.exit(both[0]), Effect.exit(both[1])], { concurrency: 2 })
    const [one, other] = [yield* first, yield* second]
    const { _tag, ...rest } = move
    story.push(`${_tag} ${plain(JSON.stringify(rest))}${other.answer === null ? "" : ` -> ${other.answer}`}`)
    const [left, right] = apart(one.lines, other.lines)
    if (left.length + right.length > 0) return { index, simulated: left, real: right, story } satisfies Difference
  }
  return undefined
})

type Try = (trail: Trail) => Effect.Effect<Difference | undefined>

const parts: ReadonlyArray<Part> = ["nics", "resources", "lxc", "disks"]

/** Everything in chunks of a size, and each time one of them left out. */
const withoutChunk = (kept: ReadonlyArray<number>, size: number): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from(
    { length: Math.ceil(kept.length / size) },
    (_, chunk) => kept.filter((_, index) => Math.floor(index / size) !== chunk)
  )

/**
 * The shortest trail that delta debugging finds to differ: first moves are left out, in halves, quarters and so on, then
 * parts of the specs. What comes after the difference is of no interest. It tries at most `tries` trails, for each is run on a real host.
 *
 * @since 0.1.0
 * @category shrinking
 */
export const shrink = Effect.fn("Differential.shrink")(function*(trail: Trail, found: Difference, attempt: Try, tries: number) {
  const all = trail.kept ?? Array.from({ length: trail.length }, (_, index) => index)
  let best = { trail: { ...trail, kept: all.slice(0, found.index + 1) }, difference: found }
  let left = tries
  const improves = Effect.fnUntraced(function*(candidate: Trail & { readonly kept: ReadonlyArray<number> }) {
    if (left === 0) return false
    left -= 1
    const difference = yield* attempt(candidate)
    if (difference === undefined) return false
    best = { trail: { ...candidate, kept: candidate.kept.slice(0, difference.index + 1) }, difference }
    return true
  })
  let size = Math.ceil(best.trail.kept.length / 2)
  while (size >= 1) {
    let smaller = false
    for (const kept of withoutChunk(best.trail.kept, size)) {
      if (kept.length > 0 && (yield* improves({ ...best.trail, kept }))) {
        smaller = true
        break
      }
    }
    if (!smaller) size = size === 1 ? 0 : Math.ceil(size / 2)
    else size = Math.min(size, Math.max(1, Math.ceil(best.trail.kept.length / 2)))
  }
  for (const part of parts) {
    if (!best.trail.without.includes(part)) yield* improves({ ...best.trail, without: [...best.trail.without, part] })
  }
  return best
})

/**
 * A difference as a person reads it: the moves, what each side says, and the word that replays it.
 *
 * @since 0.1.0
 * @category rendering
 */
export const report = (trail: Trail, { real, simulated, story }: Difference): string =>
  [
    "the simulated and the real host differ after:",
    ...story.map((line, index) => `  ${index + 1}. ${line}`),
    ...simulated.map((line) => `- simulated: ${line}`),
    ...real.map((line) => `+ real:      ${line}`),
    `replay it with: npm run differential -- --replay ${tokenOf(trail)}`
  ].join("\n")

/**
 * Opens a pair of sides for one run, each time in a setting that nobody used before, and leaves nothing of them.
 *
 * @since 0.1.0
 * @category models
 */
export type OpenSides = Effect.Effect<Sides, never, Scope.Scope>

/**
 * @since 0.1.0
 * @category models
 */
export interface FindOptions {
  /** Hears of a difference before it is shrunk, which can take long. */
  readonly tell?: ((found: Difference) => Effect.Effect<void>) | undefined
  /** How many smaller trails are tried at most; 100 by default. */
  readonly tries?: number | undefined
}

/**
 * Runs a trail in a setting of its own, and shrinks the difference if there is one.
 *
 * @since 0.1.0
 * @category running
 */
export const findDifference = Effect.fn("Differential.findDifference")(function*(
  trail: Trail,
  open: OpenSides,
  { tell = () => Effect.void, tries = 100 }: FindOptions = {}
) {
  const attempt: Try = (each) => Effect.scoped(Effect.flatMap(open, (sides) => run(each, sides)))
  const found = yield* attempt(trail)
  if (found === undefined) return undefined
  yield* tell(found)
  return yield* shrink(trail, found, attempt, tries)
})
