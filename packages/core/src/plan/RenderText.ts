/**
 * A plan for people to read.
 *
 * @since 0.1.0
 */
import { describe } from "./Describe.ts"
import type { Plan } from "./Plan.ts"

const body = (text: string): ReadonlyArray<string> => text.trimEnd().split("\n").map((line) => `        | ${line}`)

const onFailure = ({ steps, undoFrom }: Plan): ReadonlyArray<string> => {
  const stops = "it stops there; the same operation, planned anew, goes on"
  const undoes = "what was done is undone, the last first"
  if (steps.length === 0) return []
  if (undoFrom >= steps.length) return [`  on failure: ${stops}`]
  return undoFrom === 0
    ? [`  on failure: ${undoes}`]
    : [`  on failure up to step ${undoFrom}: ${stops}`, `  on failure after it: what was done since is undone, the last first`]
}

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
  lines.push(...onFailure(plan))
  return `${lines.join("\n")}\n`
}
