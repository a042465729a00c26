import { type Change, changesOf, type Source } from "./Mutations.ts"
import { childrenOf, type Node, part, parse, parts } from "./Syntax.ts"

/** One change of a program, which is made while it runs. */
export interface Mutant {
  readonly id: number
  readonly file: string
  readonly line: number
  /** The line of the source, without the blanks around it. */
  readonly text: string
  readonly change: string
  /** In what is computed when the module is loaded. */
  readonly isInitial: boolean
}

/** A source with every mutant in it, each behind a switch. */
export interface Instrumented {
  readonly text: string
  readonly mutants: ReadonlyArray<Mutant>
}

/** A mutant, and the smallest node around it that can be replaced. */
interface Placed {
  readonly mutant: Mutant
  readonly site: Node
  readonly text: string
}

const oneLine = (text: string): string => {
  const line = text.replace(/\s+/g, " ").trim()
  return line.length > 120 ? `${line.slice(0, 119)}…` : line
}

const describe = (source: Source, { from, text, to }: Change): string => {
  const before = oneLine(source.text.slice(from, to))
  const after = oneLine(text)
  return after === "" || after === ";" ? `without ${before}` : `${before} → ${after}`
}

/** Within `a?.b.c(d)` only the whole can be replaced: a part in parentheses would not be skipped with what is before it. */
const chainOf = (node: Node, chain: Node | undefined, key: string): Node | undefined => {
  if (node.type === "ChainExpression") return node
  return key === "object" || key === "callee" || key === "expression" ? chain : undefined
}

/** Calls `found` with every change, and the node to put it in the place of. */
const eachChange = (source: Source, root: Node, found: (change: Change, site: Node) => void): void => {
  const walk = (node: Node, chain: Node | undefined): void => {
    const isLink = chain !== undefined && (node.type === "MemberExpression" || node.type === "CallExpression")
    for (const change of changesOf(source, node)) {
      // The condition of a statement is an expression; the statement is none.
      const test = part(node, "test")
      found(change, isLink ? chain : test !== undefined && change.from === test.start && change.to === test.end ? test : node)
    }
    for (const [key, child] of childrenOf(node)) {
      if (node.type === "AssignmentExpression" && key === "left") continue
      walk(child, isLink || node.type === "ChainExpression" ? chainOf(node, chain, key) : undefined)
    }
  }
  walk(root, undefined)
}

const isFunction = (node: Node | undefined): boolean => node?.type === "ArrowFunctionExpression" || node?.type === "FunctionExpression"

/** The constants of a module that are computed when it is loaded. */
const initials = (program: Node): ReadonlyArray<Node> =>
  parts(program, "body").flatMap((statement) => {
    const declaration = part(statement, "declaration") ?? statement
    if (declaration.type !== "VariableDeclaration") return []
    return parts(declaration, "declarations").filter((each) => part(each, "init") !== undefined && !isFunction(part(each, "init")))
  })

const place = (file: string, source: Source, program: Node, firstId: number): ReadonlyArray<Placed> => {
  const placed: Array<Placed> = []
  const lines = source.text.split("\n")
  const whole = initials(program)
  eachChange(source, program, (change, site) => {
    const line = source.text.slice(0, change.from).split("\n").length
    placed.push({
      site,
      text: source.text.slice(site.start, change.from) + change.text + source.text.slice(change.to, site.end),
      mutant: {
        id: firstId + placed.length,
        file,
        line,
        text: (lines[line - 1] ?? "").trim(),
        change: describe(source, change),
        isInitial: whole.some(({ end, start }) => start <= change.from && change.to <= end)
      }
    })
  })
  return placed
}

const bySite = (placed: ReadonlyArray<Placed>): ReadonlyMap<Node, ReadonlyArray<Placed>> => {
  const sites = new Map<Node, Array<Placed>>()
  for (const each of placed) {
    const here = sites.get(each.site)
    if (here === undefined) sites.set(each.site, [each])
    else here.push(each)
  }
  return sites
}

/** Within a function of its own it could not be suspended. */
const suspends = (node: Node): boolean =>
  node.type === "YieldExpression" || node.type === "AwaitExpression" || (!isFunction(node) && childrenOf(node).some(([, child]) => suspends(child)))

/** The text of a node, with the switches of what is in it. */
const render = (source: string, node: Node, sites: ReadonlyMap<Node, ReadonlyArray<Placed>>): string => {
  let text = ""
  let at = node.start
  for (const [, child] of childrenOf(node)) {
    // A shorthand property is its name and its value.
    if (child.start < at) continue
    text += source.slice(at, child.start) + render(source, child, sites)
    at = child.end
  }
  text += source.slice(at, node.end)
  const here = sites.get(node)
  if (here === undefined) return text
  if (node.type === "ExpressionStatement") return here.reduce((inner, { mutant }) => `{if(!__mutant(${mutant.id})){${inner}}}`, text)
  if (suspends(node)) return `(${here.map((each) => `__mutant(${each.mutant.id})?(${each.text}):`).join("")}(${text}))`
  return `__choose([${here.map(({ mutant }) => mutant.id).join()}],()=>(${text}),[${here.map((each) => `()=>(${each.text})`).join()}])`
}

/** Constants can be computed again, so that a mutant in one of them is seen. */
const again = (source: string, node: Node, sites: ReadonlyMap<Node, ReadonlyArray<Placed>>): string => {
  const [name, init] = [part(node, "id"), part(node, "init")]
  return name?.type === "Identifier" && init !== undefined
    ? `(() => { ${String(name["name"])} = ${render(source, init, sites)} })`
    : ""
}

/** Puts every mutant of a module into it, with ids from `firstId` on. */
export const instrument = (file: string, source: Source, firstId: number): Instrumented => {
  const program = parse(source.text)
  const placed = place(file, source, program, firstId)
  const sites = bySite(placed)
  const constants = initials(program).flatMap((node) => {
    const text = again(source.text, node, sites)
    return text === "" ? [] : [{ node, text }]
  })
  const assignable = constants.reduceRight((text, { node }) => {
    const keyword = text.lastIndexOf("const", node.start)
    return `${text.slice(0, keyword)}let  ${text.slice(keyword + "const".length)}`
  }, source.text)
  const registered = constants.map(({ node, text }) => {
    const ids = placed.filter(({ site }) => node.start <= site.start && site.end <= node.end).map(({ mutant }) => mutant.id)
    return `{ ids: [${ids.join()}], compute: ${text} }`
  })
  return {
    text: `${render(assignable, program, sites)}\n__initials(${JSON.stringify(file)}, [${registered.join()}])\n`,
    mutants: placed.map(({ mutant }) => mutant)
  }
}
