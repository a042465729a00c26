import { parseAst } from "vitest/node"

/** A node of the syntax tree, with only what holds for all of them. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

export const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value && "start" in value

export const parse = (source: string): Node =>
  // Every node of ESTree is one of ours: the interfaces of the parser lack only the index signature.
  // oxlint-disable-next-line typescript/no-deprecated -- vitest hands on no other parser.
  parseAst(source, { lang: "ts" }) as unknown as Node

/** One part of a node, where that is a node. */
export const part = (node: Node, key: string): Node | undefined => {
  const value = node[key]
  return isNode(value) ? value : undefined
}

/** The nodes in a part that is a list. */
export const parts = (node: Node, key: string): ReadonlyArray<Node> => {
  const value = node[key]
  return Array.isArray(value) ? value.filter(isNode) : []
}

const expressionsOfTypes = new Set(["TSAsExpression", "TSSatisfiesExpression", "TSNonNullExpression"])

/** Types, names of modules and names of properties are nothing that runs. */
const runs = (node: Node, key: string, child: Node): boolean => {
  if (child.type.startsWith("TS")) return expressionsOfTypes.has(child.type)
  if (child.type === "ImportDeclaration") return false
  if (key === "key") return node["computed"] === true
  return !(key === "source" && node.type.startsWith("Export"))
}

/** What runs of the parts of a node, in the order of the source. */
export const childrenOf = (node: Node): ReadonlyArray<readonly [key: string, child: Node]> =>
  Object.entries(node)
    .flatMap(([key, value]) => (Array.isArray(value) ? value : [value]).filter(isNode).map((child) => [key, child] as const))
    .filter(([key, child]) => runs(node, key, child))
    .sort(([, one], [, other]) => one.start - other.start)
