/**
 * A plan as a Mermaid flow chart.
 *
 * @since 0.1.0
 */
import { describe } from "./Describe.ts"
import type { Plan } from "./Plan.ts"
import { undo } from "./Rollback.ts"

/** Mermaid reads these as its own inside a quoted label. */
const label = (text: string): string =>
  text.replace(/[#"<>&;`]/g, (character) => `#${character.codePointAt(0)};`)

/**
 * The steps from top to bottom, with what undoes each where a failure rolls back.
 *
 * @since 0.1.0
 * @category rendering
 */
export const renderMermaid = (plan: Plan): string => {
  const lines = ["flowchart TD", `  begin(["${label(`${plan.operation} ${plan.instance}`)}"])`]
  let previous = "begin"
  plan.steps.forEach((step, index) => {
    const node = `s${index + 1}`
    lines.push(`  ${node}["${index + 1}. ${label(describe(step))}"]`, `  ${previous} --> ${node}`)
    const undone = index >= plan.undoFrom ? undo(step) : []
    if (undone.length > 0) {
      lines.push(`  u${index + 1}["${undone.map((each) => label(describe(each))).join("<br/>")}"]`, `  ${node} -. on failure .-> u${index + 1}`)
    }
    previous = node
  })
  lines.push('  done(["done"])', `  ${previous} --> done`)
  return `${lines.join("\n")}\n`
}
