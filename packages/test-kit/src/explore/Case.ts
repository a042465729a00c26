/**
 * One case of an exploration as plain data: what is asked of a host by whom, and what goes wrong.
 *
 * @since 0.1.0
 */
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Fault } from "../Faults.ts"
import { Request } from "../Request.ts"
import { Scenario } from "../Scenario.ts"

const Count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

/**
 * What the host is like when the first request comes. `CrashedStart` and `CrashedKill` are what a process left that died
 * when its journal was appended to the n-th time.
 *
 * @since 0.1.0
 * @category models
 */
export const Starting = Schema.TaggedUnion({
  Clean: {},
  Running: {},
  Frozen: {},
  Orphaned: {},
  MonitorKilled: {},
  MonitorStopped: {},
  InitKilled: {},
  /** It was exported, and for that stopped. */
  Exported: {},
  /** It was ended with a checkpoint, if it could be. */
  Checkpointed: {},
  /** It ran when the power failed. */
  Booted: {},
  CrashedStart: { nth: Count },
  CrashedKill: { nth: Count }
})

/**
 * @since 0.1.0
 * @category models
 */
export type Starting = typeof Starting.Type

/**
 * A request, `afterMs` after the one before it was answered; interrupted after so many milliseconds, unless null.
 *
 * @since 0.1.0
 * @category models
 */
export const Ask = Schema.Struct({ request: Request, afterMs: Count, interruptAfterMs: Schema.NullOr(Count) })

/**
 * @since 0.1.0
 * @category models
 */
export type Ask = typeof Ask.Type

/**
 * Somebody who asks one thing after the other, in a process of his own. The faults are of that process; where it dies
 * another one goes on with the next request, and has those of `afterCrash`, and after its death one without faults.
 *
 * @since 0.1.0
 * @category models
 */
export const Operator = Schema.Struct({ asks: Schema.Array(Ask), faults: Schema.Array(Fault), afterCrash: Schema.Array(Fault) })

/**
 * @since 0.1.0
 * @category models
 */
export type Operator = typeof Operator.Type

/**
 * @since 0.1.0
 * @category models
 */
export const Case = Schema.Struct({
  scenario: Scenario,
  starting: Starting,
  /** Whether another instance with a similar name runs beside it. */
  neighbour: Schema.Boolean,
  operators: Schema.Array(Operator),
  /** From which the order is drawn in which operators go on. */
  schedule: Schema.Int
})

/**
 * @since 0.1.0
 * @category models
 */
export type Case = typeof Case.Type

const Token = Schema.fromJsonString(Schema.toCodecJson(Schema.Struct({ version: Schema.Literal(2), ...Case.fields })))
const encode = Schema.encodeSync(Token)
const decode = Schema.decodeUnknownOption(Token)

/** What a terminal, a shell or a page may take for something else. */
const unlike = /[^ -&(-~]/g

/**
 * A case as one line of text, by which it can be had again: of printable ASCII without single quotes, to be copied from anywhere.
 *
 * @since 0.1.0
 * @category encoding
 */
export const tokenOf = (subject: Case): string =>
  encode({ version: 2, ...subject }).replace(unlike, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

/**
 * @since 0.1.0
 * @category decoding
 */
export const caseOf = (token: string): Option.Option<Case> => decode(token)
