/**
 * The law of the shell rendering.
 *
 * @since 0.1.0
 */
import { describe } from "@effect-lxc/core/plan/Describe"
import type { Plan } from "@effect-lxc/core/plan/Plan"
import { renderShell } from "@effect-lxc/core/plan/RenderShell"
import type { Step } from "@effect-lxc/core/plan/Step"
import * as Effect from "effect/Effect"
import { argvOf } from "../StepTool.ts"
import { ofPlans, type PlanLaw } from "./Law.ts"

/** The words of a shell's commands without their quotes; what stands for another word stays as it is written. */
const wordsOf = (text: string): ReadonlyArray<string> => {
  const words = text.match(/(?:'[^']*'|"[^"]*"|\\[^]|[^\s'"\\();|])+/g) ?? []
  return words.map((word) => word.replace(/'([^']*)'|"([^"]*)"|\\([^])/g, "$1$2$3"))
}

const stands = (argv: ReadonlyArray<string>, words: ReadonlyArray<string>): boolean =>
  words.some((_, at) => argv.every((word, index) => words[at + index] === word))

/** Text of each step's commands, in the order of the script; undefined where the headings are not those of the steps. */
const sectionsOf = (plan: Plan, script: string): ReadonlyArray<string> | undefined => {
  const sections: Array<string> = []
  let rest = script
  for (const [index, step] of plan.steps.entries()) {
    const heading = `\n# ${index + 1}. ${describe(step)}\n`
    const at = rest.indexOf(heading)
    if (at < 0) return undefined
    if (index > 0) sections.push(rest.slice(0, at))
    rest = rest.slice(at + heading.length)
  }
  return plan.steps.length === 0 ? [] : [...sections, rest]
}

/** What a function of the script is told; its options, and amounts of time, are its own. */
const operands = (argv: ReadonlyArray<string>): ReadonlyArray<string> =>
  argv.slice(1).filter((word) => !/^(?:-|\d+$)/.test(word))

const missing = (step: Step, section: string, script: string): string | undefined => {
  const words = wordsOf(section)
  if (words.length === 0) return "it is done by nothing"
  const argv = argvOf(step)
  if (argv === undefined || stands(argv, words)) return undefined
  const isFunction = script.includes(`\n${words[0]}() {`) && script.includes(argv[0])
  return isFunction && operands(argv).every((word) => words.includes(word))
    ? undefined
    : `it is done by ${JSON.stringify(argv)}, which the script has not:\n${section.trimEnd()}`
}

/**
 * The script of a plan has its steps, in their order, and each command that the real host runs stands in it word by word,
 * or, where a function of the script runs it, what it is about.
 *
 * @since 0.1.0
 * @category laws
 */
export const asWritten: PlanLaw = ofPlans("as written", "the shell script has the commands of the plan", (plan) =>
  Effect.sync(() => {
    const script = renderShell(plan)
    const sections = sectionsOf(plan, script)
    if (sections === undefined) return "the script has not the steps of the plan, each under its own words, in their order"
    for (const [index, step] of plan.steps.entries()) {
      const why = missing(step, sections[index] ?? "", script)
      if (why !== undefined) return `step ${index + 1}, ${describe(step)}: ${why}`
    }
    return undefined
  }))
