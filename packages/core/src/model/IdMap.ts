/**
 * Which users and groups of the host the users and groups of a guest are.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { matches, refuses, satisfies } from "./Field.ts"

/**
 * The kernel keeps the last id for itself.
 *
 * @since 0.1.0
 * @category constants
 */
export const maxId = 4_294_967_294

/**
 * One line taken apart: `count` ids from `guest` on are those from `host` on.
 *
 * @since 0.1.0
 * @category models
 */
export interface IdRange {
  readonly kind: "u" | "g"
  readonly guest: number
  readonly host: number
  readonly count: number
}

/** The kernel takes so many ranges of a kind (user_namespaces(7), since Linux 4.15). */
const maxLines = 340

const pattern = /^([ugb]) ([0-9]{1,10}) ([0-9]{1,10}) ([0-9]{1,10})$/

/**
 * The ranges of a line `u GUEST HOST COUNT`, `g …` or `b …` for both; fails with the reason where it is none.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parseIdLine = (line: string): Result.Result<ReadonlyArray<IdRange>, string> => {
  const [, kind, ...numbers] = pattern.exec(line) ?? []
  const [guest = 0, host = 0, count = 0] = numbers.map(Number)
  if (kind === undefined) return Result.fail("expected a line such as u 0 100000 65536")
  if (count === 0) return Result.fail("maps no id")
  if (guest + count - 1 > maxId || host + count - 1 > maxId) return Result.fail(`reaches beyond ${maxId}, the last id there is`)
  const kinds: ReadonlyArray<IdRange["kind"]> = kind === "b" ? ["u", "g"] : [kind === "u" ? "u" : "g"]
  return Result.succeed(kinds.map((each) => ({ kind: each, guest, host, count })))
}

/**
 * The ranges of lines that are right, with the index of the line that each is from.
 *
 * @since 0.1.0
 * @category conversions
 */
export const idRanges = (lines: ReadonlyArray<string>): ReadonlyArray<IdRange & { readonly index: number }> =>
  lines.flatMap((line, index) => Result.getOrElse(parseIdLine(line), () => []).map((range) => ({ ...range, index })))

/**
 * The group of the host that group 0 of the guest is; undefined without a map.
 *
 * @since 0.1.0
 * @category accessors
 */
export const rootGroup = (lines: ReadonlyArray<string>): number | undefined =>
  idRanges(lines).find(({ guest, kind }) => kind === "g" && guest === 0)?.host

const IdLine = Schema.String.check(
  matches("a line such as u 0 100000 65536 (u, g or b for both; first id in the guest, first on the host, how many)", pattern),
  refuses((line) => Result.match(parseIdLine(line), { onFailure: (reason) => reason, onSuccess: () => undefined }))
)

const clash = (lines: ReadonlyArray<string>, side: "guest" | "host"): ReadonlyArray<Schema.FilterIssue> => {
  const ranges = idRanges(lines)
  return ranges.flatMap((range, i) => {
    const other = ranges.slice(0, i).find((each) =>
      each.kind === range.kind && each[side] < range[side] + range.count && range[side] < each[side] + each.count
    )
    const where = side === "guest" ? "in the guest" : "on the host"
    return other === undefined
      ? []
      : [{ path: [range.index], issue: `"${lines[range.index]}" and "${lines[other.index]}" overlap ${where}` }]
  }).filter(({ issue }, i, all) => all.findIndex((each) => each.issue === issue) === i) // b is two ranges, and one line
}

const lacksRoot = (lines: ReadonlyArray<string>): boolean =>
  lines.length > 0 &&
  (["u", "g"] as const).some((kind) => !idRanges(lines).some((range) => range.kind === kind && range.guest === 0))

/**
 * The map of an unprivileged guest, empty for one without a user namespace. No two lines overlap on either side, and user
 * and group 0 of the guest, which its init is, are mapped.
 *
 * @since 0.1.0
 * @category schemas
 */
export const IdMap = Schema.Array(IdLine).check(
  satisfies(`${maxLines} lines at most`, (lines: ReadonlyArray<string>) => lines.length <= maxLines, { maxItems: maxLines }).abort(),
  Schema.makeFilter((lines) => [...clash(lines, "guest"), ...clash(lines, "host")]),
  refuses((lines) => lacksRoot(lines) ? "maps no user 0, or no group 0: init runs as these" : undefined)
)
