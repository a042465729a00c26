/**
 * What is wrong with one field of an input, in words for people.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import { escape } from "./HostText.ts"
import { nearest } from "./Spelling.ts"

/**
 * A field, written `nics[0].mac` and empty for the whole input, and what is wrong with it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Problem = Schema.Struct({ path: Schema.String, message: Schema.String })

/**
 * @since 0.1.0
 * @category models
 */
export type Problem = typeof Problem.Type

/**
 * All problems in the tree of issues that decoding gave, with the inputs reported.
 *
 * @since 0.1.0
 * @category conversions
 */
export const problemsOf = (issue: SchemaIssue.Issue): ReadonlyArray<Problem> => {
  const found = collect(issue, "")
  const meant = new Set(found.map((each) => each.meant))
  return found.filter((each) => each.missing !== true || !meant.has(each.path)).map(({ message, path }) => ({ path, message }))
}

interface Found extends Problem {
  /** The field that one which is not known stands for: that this one is missing, too, goes without saying. */
  readonly meant?: string | undefined
  readonly missing?: boolean
}

const collect = (issue: SchemaIssue.Issue, path: string): ReadonlyArray<Found> => {
  switch (issue._tag) {
    case "Pointer": {
      const above = issue.path.slice(0, -1).reduce<string>(child, path)
      const place = issue.path.reduce<string>(child, path)
      return issue.issue._tag === "UnexpectedKey"
        ? [unknownField(above, place, String(issue.path.at(-1)), issue.issue.ast)]
        : collect(issue.issue, place)
    }
    case "Composite":
      return issue.issues.flatMap((each) => collect(each, path))
    case "AnyOf":
      return issue.issues.length > 0
        ? issue.issues.flatMap((each) => collect(each, path))
        : [{ path, message: alternatives(issue) }]
    case "Encoding":
      return collect(issue.issue, path)
    case "Filter":
      return hasOwnWords(issue.issue)
        ? collect(issue.issue, path)
        : [{ path, message: expectedFound(issue.filter.annotations?.expected, issue) }]
    default:
      return [{ path, message: leaf(issue), missing: issue._tag === "MissingKey" }]
  }
}

const hasOwnWords = (issue: SchemaIssue.Issue): boolean =>
  issue._tag !== "InvalidValue" || issue.annotations?.message !== undefined

const child = (path: string, key: PropertyKey): string => {
  if (typeof key === "number") {
    return `${path}[${key}]`
  }
  const name = String(key)
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return `${path}["${shorten(escape(name))}"]`
  }
  return path === "" ? name : `${path}.${name}`
}

const leaf = (issue: SchemaIssue.Leaf): string => {
  switch (issue._tag) {
    case "MissingKey":
      return issue.annotations?.messageMissingKey ?? "is required"
    case "UnexpectedKey":
      return "is not a known field"
    case "InvalidType": {
      const message = issue.ast.annotations?.message
      return typeof message === "string" ? message : expectedFound(expectedOf(issue.ast), issue)
    }
    case "InvalidValue": {
      const message = issue.annotations?.message
      return typeof message === "string" ? withFound(message, issue) : expectedFound(issue.annotations?.expected, issue)
    }
    case "Forbidden":
    case "OneOf":
      return expectedFound(undefined, issue)
  }
}

const unknownField = (above: string, path: string, name: string, ast: SchemaAST.AST): Found => {
  const words = ast._tag === "Objects" ? ast.propertySignatures.map((field) => String(field.name)) : []
  const meant = nearest(name, words)
  return meant === undefined
    ? { path, message: `is not a known field; known are ${words.join(", ")}` }
    : { path, message: `is not a known field; did you mean ${meant}?`, meant: child(above, meant) }
}

/** The tags by which the members of a union of structures are told apart; empty for any other union. */
const tagsOf = (types: ReadonlyArray<SchemaAST.AST>): ReadonlyArray<string> =>
  types.flatMap((type) => {
    const tag = type._tag === "Objects" ? type.propertySignatures.find((field) => field.name === "_tag")?.type : undefined
    return tag?._tag === "Literal" ? [String(tag.literal)] : []
  })

const alternatives = (issue: SchemaIssue.AnyOf): string => {
  const tags = tagsOf(issue.ast.types)
  if (tags.length > 0) {
    const found = Predicate.hasProperty(issue.input, "_tag") ? issue.input._tag : undefined
    const meant = typeof found === "string" ? nearest(found, tags) : undefined
    const hint = meant === undefined ? `known are ${tags.join(", ")}` : `did you mean ${meant}?`
    return `expected a known _tag; found ${show(found)}; ${hint}`
  }
  const words = issue.ast.types.flatMap((type) => type._tag === "Literal" ? [String(type.literal)] : [])
  const meant = typeof issue.input === "string" ? nearest(issue.input, words) : undefined
  const message = expectedFound(expectedOf(issue.ast), issue)
  return meant === undefined ? message : `${message}; did you mean ${meant}?`
}

const expectedFound = (expected: unknown, issue: SchemaIssue.Issue): string =>
  withFound(`expected ${typeof expected === "string" ? expected : "something else"}`, issue)

/** Messages that say what was expected also say what was found; refusals stand for themselves. */
const withFound = (message: string, issue: SchemaIssue.Issue): string =>
  message.startsWith("expected ") && SchemaIssue.hasInput(issue) ? `${message}; found ${show(issue.input)}` : message

const kinds: Partial<Record<SchemaAST.AST["_tag"], string>> = {
  String: "text",
  Number: "a number",
  Boolean: "true or false",
  Null: "null",
  Arrays: "a list",
  Objects: "a mapping of fields to values"
}

const expectedOf = (ast: SchemaAST.AST): string | undefined => {
  const written = ast.annotations?.expected
  if (typeof written === "string") {
    return written
  }
  switch (ast._tag) {
    case "Literal":
      return String(ast.literal)
    case "Union":
      return ast.types.map((type) => expectedOf(type) ?? "something else").join(" or ")
    default:
      return kinds[ast._tag]
  }
}

const show = (value: unknown): string => {
  switch (typeof value) {
    case "string":
      return value === "" ? "empty text" : `"${shorten(escape(value))}"`
    case "number":
    case "boolean":
    case "bigint":
      return String(value)
    case "undefined":
      return "nothing"
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "a list" : "a mapping"
    default:
      return `a ${typeof value}`
  }
}

const shorten = (text: string): string => text.length <= 60 ? text : `${text.slice(0, 57)}…`
