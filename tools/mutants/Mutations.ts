import { childrenOf, type Node, part, parts } from "./Syntax.ts"

/** A change of one part of a node's text. */
export interface Change {
  readonly from: number
  readonly to: number
  readonly text: string
}

/** What is known of a source beside the node. */
export interface Source {
  readonly text: string
  /** Functions that give the state that they are given first, changed. */
  readonly transitions: ReadonlySet<string>
}

const by = ({ end, start }: Node, text: string): Change => ({ from: start, to: end, text })
const textOf = ({ text }: Source, { end, start }: Node): string => text.slice(start, end)

const operators: Readonly<Record<string, ReadonlyArray<string>>> = {
  "===": ["!=="],
  "!==": ["==="],
  "<": ["<=", ">="],
  "<=": ["<", ">"],
  ">": [">=", "<="],
  ">=": [">", "<"],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["*"]
}

const isText = ({ type, value }: Node): boolean => type === "TemplateLiteral" || typeof value === "string"

const binary = (source: Source, node: Node): ReadonlyArray<Change> => {
  const [left, right] = [part(node, "left"), part(node, "right")]
  if (left === undefined || right === undefined || (node["operator"] === "+" && (isText(left) || isText(right)))) return []
  return (operators[String(node["operator"])] ?? []).map((operator) =>
    by(node, `(${textOf(source, left)}) ${operator} (${textOf(source, right)})`)
  )
}

const sides = (source: Source, node: Node): ReadonlyArray<Change> =>
  ["left", "right"].flatMap((key) => {
    const side = part(node, key)
    return side === undefined ? [] : [by(node, textOf(source, side))]
  })

const forced = (node: Node): ReadonlyArray<Change> => {
  const test = part(node, "test")
  return test === undefined || test.type === "Literal" ? [] : [by(test, "true"), by(test, "false")]
}

/** A list without one of its elements: the comma goes with it. */
const without = (node: Node, elements: ReadonlyArray<Node>, one: Node): Change => {
  const index = elements.indexOf(one)
  const next = elements[index + 1]
  const before = elements[index - 1]
  if (next !== undefined) return { from: one.start, to: next.start, text: "" }
  return { from: before?.end ?? one.start, to: before === undefined ? node.end - 1 : one.end, text: "" }
}

const elements = (node: Node): ReadonlyArray<Change> => {
  const all = parts(node, "elements")
  return all.map((one) => without(node, all, one))
}

/** Of an object that is another one changed, each change. */
const properties = (node: Node): ReadonlyArray<Change> => {
  const all = parts(node, "properties")
  return all.some(({ type }) => type === "SpreadElement") ? all.map((one) => without(node, all, one)) : []
}

const otherMethod = new Map([
  ["some", "every"],
  ["every", "some"],
  ["findLast", "find"],
  ["min", "max"],
  ["max", "min"]
])
const selecting = new Set(["filter", "slice", "trim", "sort", "reverse", "toReversed", "toSorted"])

const call = (source: Source, node: Node): ReadonlyArray<Change> => {
  const callee = part(node, "callee")
  const [first] = parts(node, "arguments")
  if (callee?.type === "Identifier") {
    return first !== undefined && source.transitions.has(String(callee["name"])) ? [by(node, textOf(source, first))] : []
  }
  const method = callee === undefined ? undefined : part(callee, "property")
  const object = callee === undefined ? undefined : part(callee, "object")
  if (method === undefined || object === undefined) return []
  const name = String(method["name"])
  const other = otherMethod.get(name)
  return [
    ...(other === undefined ? [] : [by(method, other)]),
    ...(selecting.has(name) ? [by(node, textOf(source, object))] : [])
  ]
}

const literal = (node: Node): ReadonlyArray<Change> => {
  const { value } = node
  const raw = String(node["raw"])
  if (typeof node["bigint"] === "string") return [by(node, `${BigInt(node["bigint"]) + 1n}n`)]
  if (raw.startsWith("/")) {
    return [...raw.startsWith("/^") ? [by(node, raw.replace("^", ""))] : [], ...raw.endsWith("$/") ? [by(node, raw.replace(/\$\/$/, "/"))] : []]
  }
  if (typeof value === "number") return [by(node, String(value + 1))]
  if (typeof value === "boolean") return [by(node, String(!value))]
  // A text with blanks, and a place in LXC's sources, is for people: it decides nothing.
  return typeof value === "string" && !/\s|\.c:/.test(value) ? [by(node, value === "" ? `"changed"` : `""`)] : []
}

const template = (source: Source, node: Node): ReadonlyArray<Change> =>
  parts(node, "quasis").some((quasi) => /\s/.test(textOf(source, quasi))) ? [] : [by(node, `""`)]

/** Every way in which a node, but for what is in it, may be wrong. */
export const changesOf = (source: Source, node: Node): ReadonlyArray<Change> => {
  switch (node.type) {
    case "IfStatement":
    case "ConditionalExpression":
    case "WhileStatement":
      return forced(node)
    case "LogicalExpression":
      return sides(source, node)
    case "BinaryExpression":
      return binary(source, node)
    case "UnaryExpression": {
      const argument = part(node, "argument")
      return node["operator"] === "!" && argument !== undefined ? [by(node, textOf(source, argument))] : []
    }
    case "ExpressionStatement":
      return [by(node, ";")]
    case "ArrayExpression":
      return elements(node)
    case "ObjectExpression":
      return properties(node)
    case "CallExpression":
      return call(source, node)
    case "Literal":
      return literal(node)
    case "TemplateLiteral":
      return template(source, node)
    default:
      return []
  }
}

/** The names of the functions of a source that promise a state. */
export const transitionsOf = (text: string, node: Node): ReadonlyArray<string> => {
  if (node.type !== "VariableDeclarator") return childrenOf(node).flatMap(([, child]) => transitionsOf(text, child))
  const [name, init] = [part(node, "id"), part(node, "init")]
  const type = init === undefined ? undefined : part(init, "returnType")
  return name !== undefined && type !== undefined && /^:\s*SimulatedState$/.test(text.slice(type.start, type.end))
    ? [String(name["name"])]
    : []
}
