/**
 * A program to run in a container that runs already.
 *
 * @since 0.1.0
 */
import type * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { defaultsTo, refuses, satisfies } from "./Field.ts"
import { decodeInput, type InvalidSpec } from "./InvalidSpec.ts"

const Word = Schema.String.check(satisfies(
  "text without NUL characters and lone surrogates",
  (text: string) => !/[\0\p{Cs}]/u.test(text)
))

const Id = Schema.Number.check(satisfies(
  "a whole number from 0 to 4294967294",
  (value: number) => Number.isInteger(value) && value >= 0 && value <= 4_294_967_294
))

const GuestPath = Schema.String.check(satisfies(
  "an absolute path in the guest",
  (path: string) => path.startsWith("/") && !/[\0\p{Cs}]/u.test(path)
))

const Argv = Schema.NonEmptyArray(Word).check(
  refuses((argv: ReadonlyArray<string>) => argv[0] === "" ? "begins with an empty word: the first is the program to run" : undefined)
)

const Environment = Schema.Record(Schema.String, Word).check(Schema.makeFilter((variables) =>
  Object.keys(variables).flatMap((name): ReadonlyArray<Schema.FilterIssue> =>
    /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name) && name !== "__proto__"
      ? []
      : [{ path: [name], issue: "is not the name of a variable: letters, digits and underscores" }])
))

/**
 * The program with its arguments, which no shell reads; all of its environment but PATH and `container=lxc`; the directory
 * it starts in; the user and the group it runs as, by their numbers in the guest.
 *
 * The group is that of the same number as the user where only the user is given: LXC would take group 0. A directory
 * other than / needs /bin/sh in the guest.
 *
 * @since 0.1.0
 * @category schemas
 */
export const GuestCommand = Schema.Struct({
  argv: Argv,
  env: defaultsTo(Environment, {}),
  cwd: defaultsTo(GuestPath, "/"),
  uid: Schema.optionalKey(Id),
  gid: Schema.optionalKey(Id)
})

/**
 * @since 0.1.0
 * @category models
 */
export type GuestCommand = typeof GuestCommand.Type

/**
 * The command, or every reason why it cannot be one.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeGuestCommand = (input: unknown): Result.Result<GuestCommand, InvalidSpec> =>
  decodeInput(GuestCommand, input, "command")
