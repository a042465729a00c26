/**
 * What has changed since a plan was made, for people.
 *
 * @since 0.1.0
 */
import type { Basis } from "./Basis.ts"

const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Who sees so many of a list knows. */
const few = 3

const atMostFew = (texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  texts.length <= few ? texts : [...texts.slice(0, few), `${texts.length - few} more`]

/** A value as one would say it, and no JSON. */
const said = (value: unknown): string => {
  if (value === null || value === undefined) return "nothing"
  if (typeof value === "boolean") return value ? "yes" : "no"
  if (Array.isArray(value)) return value.length === 0 ? "nothing" : atMostFew(value.map(said)).join("; ")
  if (isFields(value)) {
    return Object.entries(value).map(([key, each]) => `${key} ${isFields(each) ? `(${said(each)})` : said(each)}`).join(", ")
  }
  return typeof value === "string" ? value : JSON.stringify(value)
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other)

/** Of a list what is gone and what is new, where it is not only its order. */
const ofLists = (place: string, was: ReadonlyArray<unknown>, is: ReadonlyArray<unknown>): ReadonlyArray<string> => {
  const without = (these: ReadonlyArray<unknown>, those: ReadonlyArray<unknown>) =>
    these.filter((one) => !those.some((other) => same(one, other)))
  const [gone, added] = [without(was, is), without(is, was)]
  const parts = [...(gone.length === 0 ? [] : [`gone is ${said(gone)}`]), ...(added.length === 0 ? [] : [`new is ${said(added)}`])]
  return parts.length === 0 ? [] : [`${place}: ${parts.join("; ")}`]
}

const changes = (place: string, was: unknown, is: unknown): ReadonlyArray<string> => {
  if (same(was, is)) return []
  const inside = isFields(was) && isFields(is)
    ? [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap((key) => changes(`${place}: ${key}`, was[key], is[key]))
    : Array.isArray(was) && Array.isArray(is)
    ? ofLists(place, was, is)
    : []
  return inside.length > 0 ? inside : [`${place}: planned for ${said(was)}, found ${said(is)}`]
}

/**
 * What no longer holds, in words: a sentence for each part that is another.
 *
 * @since 0.1.0
 * @category comparisons
 */
export const differences = (planned: Basis, found: Basis): ReadonlyArray<string> => {
  const fields = Object.keys(planned) as ReadonlyArray<keyof Basis> // the keys of a struct are its fields
  return fields.flatMap((field) => changes(field, planned[field], found[field]))
}
