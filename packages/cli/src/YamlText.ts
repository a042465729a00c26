/**
 * YAML and JSON that people write, as plain values, with nothing in it that could surprise.
 *
 * YAML 1.2 with its core schema, one document. Anchors, aliases, tags and directives are refused: none is needed in a
 * spec, aliases can make little text into very much, and directives change what a plain word means.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, type YAMLError } from "yaml"
import { escape } from "@effect-lxc/core/model/HostText"

/** Deeper than any spec; shallow enough for every program that reads it. */
const maxDepth = 32

/**
 * A value and where its parts stand: a part is named as in messages, `nics[0].mac`, a place is `line 5, column 9`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Located {
  readonly value: unknown
  readonly places: ReadonlyMap<string, string>
}

/** What is wrong with the text, and at which offset. */
class Flaw extends Error {
  readonly offset: number
  constructor(offset: number, message: string) {
    super(message)
    this.offset = offset
  }
}

const offsetOf = (node: Node): number => node.range?.[0] ?? 0

const child = (path: string, key: string): string => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) return `${path}["${escape(key)}"]`
  return path === "" ? key : `${path}.${key}`
}

const refuseExtras = (node: Node): void => {
  if (isAlias(node)) throw new Flaw(offsetOf(node), "an alias (*) is refused: write the value out")
  if ("anchor" in node && node.anchor !== undefined) {
    throw new Flaw(offsetOf(node), "an anchor (&) is refused: write the value out where it is needed")
  }
  if (node.tag !== undefined && node.tag !== "") {
    throw new Flaw(offsetOf(node), "a tag (!) is refused: write plain values")
  }
}

type Visit = (path: string, offset: number) => void

const valueOf = (node: unknown, path: string, depth: number, visit: Visit): unknown => {
  if (node === null || node === undefined) return null
  const present = node as Node // the parser makes nothing else
  refuseExtras(present)
  if (depth > maxDepth) throw new Flaw(offsetOf(present), `nested more than ${maxDepth} deep`)
  if (isScalar(present)) return present.value
  if (isSeq(present)) {
    return present.items.map((item, index) => {
      const place = `${path}[${index}]`
      visit(place, offsetOf(item as Node))
      return valueOf(item, place, depth + 1, visit)
    })
  }
  if (!isMap(present)) throw new Flaw(offsetOf(present), "expected a value")
  const fields = new Map<string, unknown>()
  for (const { key, value } of present.items) {
    const keyNode = key as Node
    refuseExtras(keyNode)
    const name = isScalar(keyNode) ? String(keyNode.value) : undefined
    if (name === undefined) throw new Flaw(offsetOf(keyNode), "expected the name of a field")
    if (fields.has(name)) throw new Flaw(offsetOf(keyNode), `the field ${escape(name)} is there twice`)
    const place = child(path, name)
    visit(place, offsetOf(keyNode))
    fields.set(name, valueOf(value, place, depth + 1, visit))
  }
  // Own properties whatever their names, __proto__ included.
  return Object.fromEntries(fields)
}

const words: ReadonlyMap<string, string> = new Map([
  ["RESOURCE_EXHAUSTION", "nested too deeply"],
  ["MULTIPLE_DOCS", "a second document begins (---): give one spec a file"],
  ["TAB_AS_INDENT", "a tab is no indentation in YAML: use blanks"]
])

const wordsOf = ({ code, message }: YAMLError): string =>
  words.get(code) ?? escape(message.split("\n", 1)[0] ?? code).slice(0, 200)

/**
 * Reads YAML or JSON; a failure says in one line where the first flaw is and what it is.
 *
 * @since 0.1.0
 * @category reading
 */
export const parseYaml = (text: string): Result.Result<Located, string> => {
  const lineCounter = new LineCounter()
  const placeOf = (offset: number): string => {
    const { col, line } = lineCounter.linePos(offset)
    return `line ${line}, column ${col}`
  }
  const document = parseDocument(text, {
    schema: "core",
    version: "1.2",
    merge: false,
    stringKeys: true,
    // Its own search for doubles takes quadratic time.
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter,
    logLevel: "error"
  })
  const [error] = document.errors
  if (error !== undefined) return Result.fail(`${placeOf(error.pos[0])}: ${wordsOf(error)}`)
  if (/^%/m.test(text.slice(0, document.range?.[0] ?? 0))) {
    return Result.fail("line 1, column 1: a directive (%) is refused")
  }
  if (document.contents === null) return Result.fail("there is nothing in it")
  const places = new Map<string, string>()
  try {
    const value = valueOf(document.contents, "", 0, (path, offset) => places.set(path, placeOf(offset)))
    return Result.succeed({ value, places })
  } catch (flaw) {
    if (flaw instanceof Flaw) return Result.fail(`${placeOf(flaw.offset)}: ${flaw.message}`)
    throw flaw
  }
}
