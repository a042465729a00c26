/**
 * A plan for people to read.
 *
 * @since 0.1.0
 */
import { describe } from "./Describe.ts"
import { isRolledBack } from "./Operation.ts"
import type { Plan } from "./Plan.ts"

const body = (text: string): ReadonlyArray<string> => text.trimEnd().split("\n").map((line) => `        | ${line}`)

/**
 * Numbered steps, the content of the config, and what happens on failure.
 *
 * @since 0.1.0
 * @category rendering
 */
export const renderText = (plan: Plan): string => {
  const config = plan.directories.config(plan.instance)
  const lines = [`plan: ${plan.operation} ${plan.instance}`]
  if (plan.steps.length === 0) lines.push("  nothing to do")
  plan.steps.forEach((step, index) => {
    lines.push(`  ${String(index + 1).padStart(2)}. ${describe(step)}`)
    if (step._tag === "WriteFile" && step.path === config) lines.push(...body(step.text))
  })
  for (const warning of plan.warnings) lines.push(`  warning: ${warning}`)
  if (plan.steps.length > 0) {
    lines.push(
      isRolledBack(plan.operation)
        ? "  on failure: what was done is undone, the last first"
        : "  on failure: it stops there, and the same command goes on"
    )
  }
  return `${lines.join("\n")}\n`
}
