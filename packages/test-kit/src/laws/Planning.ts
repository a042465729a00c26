/**
 * Laws about what a planner answers, and about plans as data.
 *
 * @since 0.1.0
 */
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { factsFor, type PlannedFor } from "@effect-lxc/core/host/FactsFor"
import { decodeInput } from "@effect-lxc/core/model/InvalidSpec"
import { confined as isConfined } from "@effect-lxc/core/plan/Confinement"
import { decodePlan, encodePlan, Plan } from "@effect-lxc/core/plan/Plan"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { answerOf, type FactsLaw, type Law, ofAnswers, ofPlans, type PlanLaw, questionOf } from "./Law.ts"

/** So that whoever writes to it throws. */
const deepFreeze = <A>(value: A): A => {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const each of Object.values(value)) deepFreeze(each)
  }
  return value
}

const textOf = (answer: Result.Result<Plan, { readonly message: string }>): string =>
  Result.match(answer, {
    onSuccess: (plan) => JSON.stringify(encodePlan(plan)),
    onFailure: ({ message }) => message
  })

/** What a body throws, in words. */
const thrownBy = (body: () => unknown): string | undefined => {
  try {
    body()
    return undefined
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  }
}

/** Where two texts part, with what comes before it. */
const parting = (one: string, other: string): string => {
  const at = Array.from(one).findIndex((character, index) => character !== other[index])
  const from = Math.max(0, (at < 0 ? one.length : at) - 60)
  return `once:  …${one.slice(from, from + 160)}\nagain: …${other.slice(from, from + 160)}`
}

/**
 * Equal questions have equal answers, and nothing that was asked with is changed: it is frozen, all the way down.
 *
 * @since 0.1.0
 * @category laws
 */
export const pure: FactsLaw = ofAnswers(
  "pure",
  "equal inputs give equal plans, and no input is changed",
  (planner, question) => {
    let answers: ReadonlyArray<string> = []
    const thrown = thrownBy(() => {
      const once = textOf(answerOf(planner, question))
      answers = [once, textOf(answerOf(planner, deepFreeze(question)))]
    })
    if (thrown !== undefined) return `asked with frozen inputs it throws ${thrown}`
    const [once = "", again = ""] = answers
    return once === again ? undefined : `the same question has two answers:\n${parting(once, again)}`
  }
)

/**
 * Whatever is asked has an answer, a plan or a rejection that says why; nothing throws.
 *
 * @since 0.1.0
 * @category laws
 */
export const total: FactsLaw = ofAnswers(
  "total",
  "every question is answered by a plan or by a rejection with its reasons",
  (planner, question) => {
    let reason = ""
    const thrown = thrownBy(() => {
      reason = Result.match(answerOf(planner, question), {
        onSuccess: ({ operation }) => operation,
        onFailure: ({ message }) => message
      })
    })
    return thrown !== undefined ? `it throws ${thrown}` : reason === "" ? "it rejects without a reason" : undefined
  }
)

const PlanParts = Schema.toType(Schema.Struct(Plan.fields))

/**
 * A plan is what its schema says. The planners of this library make theirs with `planFrom`, which does not ask.
 *
 * @since 0.1.0
 * @category laws
 */
export const wellFormed: FactsLaw = ofAnswers(
  "well formed",
  "each plan is what the schema of plans says, down to every text and number",
  (planner, question) => {
    const answer = answerOf(planner, question)
    if (Result.isFailure(answer)) return undefined
    const read = decodeInput(PlanParts, Object.assign({}, answer.success), "the plan")
    return Result.isFailure(read) ? read.failure.message : undefined
  }
)

/**
 * A plan that was stored as JSON and read again is the same plan.
 *
 * @since 0.1.0
 * @category laws
 */
export const storable: PlanLaw = ofPlans("storable", "a plan that was stored as JSON is the same when it is read", (plan) =>
  Effect.sync(() => {
    const read = decodePlan(JSON.parse(JSON.stringify(encodePlan(plan))), "the stored plan")
    if (Result.isFailure(read)) return read.failure.message
    return Equal.equals(read.success, plan) ? undefined : parting(textOf(Result.succeed(plan)), textOf(read))
  }))

/**
 * No step is about anything but the instance: what is another's, and what is the host's, is left alone.
 *
 * @since 0.1.0
 * @category laws
 */
export const confined: PlanLaw = ofPlans("confined", "each step is about its own instance", (plan) =>
  Effect.sync(() => {
    const refused = isConfined(plan)
    return Result.isFailure(refused) ? refused.failure.message : undefined
  }))

/**
 * What is observed where one instance is planned for is enough: the answer is the one that the whole host gives. `about`
 * says whom the planner is asked about, to which interfaces the spec links it, and whether it takes nothing of others.
 *
 * @since 0.1.0
 * @category laws
 */
export const contentWithPart = <Input>(about: (input: Input) => Pick<PlannedFor, "alone" | "instance" | "links">): Law<Input> => ({
  name: "content with its part",
  promise: "what a host is observed to have for one instance gives the plan that all that it has gives",
  broken: (planner, trial) =>
    Effect.sync(() => {
      const question = questionOf(planner, trial)
      const { directories = defaultDirectories, facts, input } = question
      const part = factsFor({ ...about(input), directories, paths: planner.paths?.(input) }, facts)
      const [whole, partly] = [facts, part].map((each) => textOf(answerOf(planner, { ...question, facts: each })))
      return whole === partly ? undefined : `what only others have changes its answer:\n${parting(whole ?? "", partly ?? "")}`
    })
})
