/**
 * Plain data of a case in words.
 *
 * @since 0.1.0
 */
import type { Fault, FaultPlace } from "../Faults.ts"
import type { Ask, Starting } from "./Case.ts"

/** That it is not there is all that such a part says. */
const isMissing = (part: unknown): boolean => part === null || part === undefined || (Array.isArray(part) && part.length === 0)

/**
 * Any plain data in one line: `step Mount, problem (SystemCallFailed, code EIO)`. What is null, undefined or empty is left out.
 *
 * @since 0.1.0
 * @category rendering
 */
export const inWords = (value: unknown): string => {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(inWords).join(", ")
  if (typeof value !== "object" || value === null) return typeof value === "string" && value !== "" ? value : JSON.stringify(value)
  return Object.entries(value)
    .filter(([, part]) => !isMissing(part))
    .map(([name, part]) => name === "_tag" ? inWords(part) : `${name} ${typeof part === "object" ? `(${inWords(part)})` : inWords(part)}`)
    .join(", ")
}

/**
 * A tagged value: its tag, and in words what else it has.
 *
 * @since 0.1.0
 * @category rendering
 */
export const tagged = ({ _tag, ...rest }: { readonly _tag: string }): string => {
  const words = inWords(rest)
  return words === "" ? _tag : `${_tag} (${words})`
}

const placeText = (place: FaultPlace): string => {
  switch (place._tag) {
    case "Index":
      return `at step ${place.index + 1}`
    case "Tag":
      return `at ${place.tag} number ${place.nth + 1}`
    case "Tool":
      return `at call ${place.nth + 1} of ${place.tool}`
    case "Instant":
      return `after ${place.ms} ms`
    case "Journal":
      return `at ${place.act} ${place.nth + 1} of the journal`
    case "Lock":
      return `at lock ${place.nth + 1}`
    case "Next":
      return `at step ${place.nth + 1} after the fault before`
    case "Call":
      return `at step ${place.nth + 1} of those`
    case "After":
      return `${place.ms} ms after the fault before`
  }
}

/**
 * @since 0.1.0
 * @category rendering
 */
export const faultText = ({ call, happening, kind, ms, path, place, repeats }: Fault): string =>
  [
    happening === undefined ? kind : `${kind}: ${tagged(happening)}`,
    ...path === undefined ? [] : [path],
    ...ms === undefined ? [] : [`for ${ms} ms`],
    placeText(place),
    ...["Index", "Tag", "Next"].includes(place._tag) ? [`when it is ${call === "apply" ? "applied" : "observed"}`] : [],
    ...repeats ? ["and each time from then on"] : []
  ].join(" ")

/**
 * @since 0.1.0
 * @category rendering
 */
export const requestText = ({ request }: Ask): string => `${request._tag}${"name" in request ? ` ${request.name}` : ""}`

/**
 * @since 0.1.0
 * @category rendering
 */
export const askText = (ask: Ask): string =>
  ask.interruptAfterMs === null ? requestText(ask) : `${requestText(ask)}, interrupted after ${ask.interruptAfterMs} ms`

/**
 * @since 0.1.0
 * @category rendering
 */
export const startingText = (starting: Starting): string =>
  starting._tag === "CrashedStart" || starting._tag === "CrashedKill"
    ? `${starting._tag} at append ${starting.nth + 1} to the journal`
    : starting._tag
