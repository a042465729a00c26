/**
 * How a field of a spec is declared: what it must satisfy in words, how text becomes a value, and what it is when it is
 * left out. The words end up in the message of `InvalidSpec`.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaTransformation from "effect/SchemaTransformation"

/**
 * What a check says in the language of JSON Schema, as far as that can say it.
 *
 * @since 0.1.0
 * @category models
 */
export interface JsonKeywords {
  readonly type?: "integer"
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly maxItems?: number
}

/**
 * A check that fails with "expected `expected`, found …". `json` is what a JSON Schema may say of it, never more.
 *
 * @since 0.1.0
 * @category constructors
 */
export const satisfies = <T>(
  expected: string,
  predicate: (value: T) => boolean,
  json?: JsonKeywords
): SchemaAST.Filter<T> =>
  Schema.makeFilter(
    (value: T) => predicate(value),
    // Looser than the check, so that no branch of a choice is shut by it.
    json === undefined ? { expected } : { expected, toJsonSchema: () => [{ ...json }, true] as const }
  )

/**
 * A check for text that a pattern describes in full.
 *
 * @since 0.1.0
 * @category constructors
 */
export const matches = (expected: string, pattern: RegExp): SchemaAST.Filter<string> =>
  satisfies(expected, (text: string) => pattern.test(text), { pattern: pattern.source })

/**
 * A check for whole numbers within bounds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const wholeNumber = (
  minimum: number,
  maximum: number,
  expected = `a whole number from ${minimum} to ${maximum}`
): SchemaAST.Filter<number> =>
  satisfies(
    expected,
    (value: number) => Number.isInteger(value) && value >= minimum && value <= maximum,
    { type: "integer", minimum, maximum }
  )

/**
 * A check that fails with the message it returns, and holds when it returns undefined.
 *
 * @since 0.1.0
 * @category constructors
 */
export const refuses = <T>(problem: (value: T) => string | undefined): SchemaAST.Filter<T> =>
  Schema.makeFilter((value: T) => problem(value))

/**
 * A codec between what people write and the value it stands for; `decode` fails with the message for people.
 *
 * @since 0.1.0
 * @category constructors
 */
export const parsed = <From extends Schema.Top, To extends Schema.Top>(options: {
  readonly from: From
  readonly to: To
  readonly decode: (written: From["Type"]) => Result.Result<To["Encoded"], string>
  readonly encode: (value: To["Encoded"]) => From["Type"]
}): Schema.decodeTo<To, From["Rebuild"]> => {
  const { decode, encode, from, to } = options
  const written = from.check(refuses((value) => Result.match(decode(value), {
    onFailure: (message) => message,
    onSuccess: () => undefined
  })))
  return written.pipe(Schema.decodeTo(
    to,
    SchemaTransformation.transform({ decode: (value: From["Type"]) => Result.getOrThrow(decode(value)), encode })
  ))
}

/**
 * A field that may be left out of a spec; it is `value` then.
 *
 * @since 0.1.0
 * @category constructors
 */
export const defaultsTo = <S extends Schema.Top>(schema: S, value: S["Type"]) =>
  Schema.optionalKey(schema).pipe(Schema.decodeTo(Schema.toType(schema), {
    decode: SchemaGetter.transformOptional((given: Option.Option<S["Type"]>) =>
      Option.orElseSome(given, () => value)),
    encode: SchemaGetter.passthrough()
  }))
