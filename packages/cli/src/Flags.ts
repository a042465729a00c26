/**
 * Flags and arguments that several commands take.
 *
 * @since 0.1.0
 */
import * as Argument from "effect/cli/Argument"
import * as Flag from "effect/cli/Flag"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { resolve } from "node:path"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Milliseconds } from "@effect-lxc/core/model/Milliseconds"
import type { ArchivePath } from "@effect-lxc/core/plan/ExportPlan"

const isHostPath = Schema.is(HostPath)

/**
 * A flag that is given or not. It never takes the next word for its value, so that `stop --force 1` stops the container 1.
 *
 * @since 0.1.0
 * @category constructors
 */
export const toggle = (name: string, description: string): Flag.Flag<boolean> =>
  Flag.Boolean(name).pipe(
    Flag.withoutNegation,
    Flag.withOptionalValue("true"),
    Flag.withDescription(description),
    Flag.withDefault(false)
  )

const decodeDuration = Schema.decodeUnknownResult(Milliseconds)

/** A bare number is seconds, as for `lxc-stop -t`; unlike in a spec, where it would be read long after it was written. */
const durationOf = (given: string): Option.Option<number> => {
  const text = /^[0-9]+(\.[0-9]+)?$/.test(given) ? `${given}s` : given
  return Result.match(decodeDuration(text), { onFailure: () => Option.none(), onSuccess: Option.some })
}

/**
 * A flag that says how long something may take, in milliseconds.
 *
 * @since 0.1.0
 * @category constructors
 */
export const duration = (
  name: string,
  description: string,
  fits: (ms: number) => boolean
) =>
  Flag.String(name).pipe(
    Flag.withMetavar("T"),
    Flag.withDescription(`${description}: 500ms, 30s, 2m; a bare number is seconds`),
    Flag.filterMap((given) => Option.filter(durationOf(given), fits), () => fits(0) ? "a duration such as 0, 500ms, 30s or 2m" : "a duration such as 500ms, 30s or 2m, longer than nothing"),
    Flag.optional
  )

/**
 * How long lxc-start may take.
 *
 * @since 0.1.0
 * @category flags
 */
export const startTimeout = duration(
  "timeout",
  "How long LXC may take to start it (default: startupTimeout of the spec, 30s)",
  (ms) => ms > 0
)

/**
 * How long the guest may take to obey.
 *
 * @since 0.1.0
 * @category flags
 */
export const stopTimeout = duration(
  "timeout",
  "How long the guest may take to halt (default: shutdownTimeout of its spec, 60s)",
  () => true
)

/**
 * How long freezing or thawing may take.
 *
 * @since 0.1.0
 * @category flags
 */
export const freezeTimeout = duration(
  "timeout",
  "How long the kernel may take (default 10s)",
  (ms) => ms > 0
)

/**
 * Whether a guest that does not obey is killed.
 *
 * @since 0.1.0
 * @category flags
 */
export const force = toggle("force", "Kill a guest that does not obey in time; with --timeout 0 at once")

/**
 * Whether LXC reboots the container itself.
 *
 * @since 0.1.0
 * @category flags
 */
export const inPlace = toggle("in-place", "Let LXC reboot it with the config it has; needs the capability sys_boot")

/**
 * Whether the plan is printed instead of carried out.
 *
 * @since 0.1.0
 * @category flags
 */
export const dryRun = toggle("dry-run", "Print the plan that would be carried out, and do nothing")

/**
 * How a plan is printed; none given is `json` with --json, else `text`.
 *
 * @since 0.1.0
 * @category flags
 */
export const format = Flag.Literals("format", ["text", "json", "sh", "mermaid"]).pipe(
  Flag.withDescription("How to print the plan (default text)"),
  Flag.optional
)

/**
 * The file to write a plan to.
 *
 * @since 0.1.0
 * @category flags
 */
export const out = Flag.String("out").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription("Write the plan to a file instead of standard output; a file that is there is replaced"),
  Flag.optional
)

/**
 * The facts to plan against.
 *
 * @since 0.1.0
 * @category flags
 */
export const facts = Flag.String("facts").pipe(
  Flag.withMetavar("FILE"),
  Flag.withDescription("Plan against the facts in this file (see effect-lxc facts) and do not look at this host"),
  Flag.optional
)

/**
 * A variable for a program's environment; may be given several times.
 *
 * @since 0.1.0
 * @category flags
 */
export const env = Flag.String("env").pipe(
  Flag.withMetavar("K=V"),
  Flag.withDescription("A variable for the program, which sees none of this environment; may be given several times"),
  Flag.filterMap((given) => {
    const at = given.indexOf("=")
    return at < 1 ? Option.none() : Option.some([given.slice(0, at), given.slice(at + 1)] as const)
  }, () => "a variable and its value, as in LANG=C.UTF-8"),
  Flag.atLeast(0)
)

/**
 * The file with the spec.
 *
 * @since 0.1.0
 * @category arguments
 */
export const spec = Argument.String("spec").pipe(
  Argument.withMetavar("SPEC"),
  Argument.withDescription("A spec as YAML or JSON, - for standard input")
)

/**
 * A path of the host as a person gives it: relative to where they are. `-` stays what it is.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hostPathOf = (given: string): Option.Option<HostPath> => {
  const path = given === "" ? "" : resolve(given)
  return isHostPath(path) ? Option.some(path) : Option.none()
}

/**
 * The file of an export, or `-` for a standard stream.
 *
 * @since 0.1.0
 * @category arguments
 */
export const archive = (description: string) =>
  Argument.String("file").pipe(
    Argument.withMetavar("FILE"),
    Argument.withDescription(description),
    Argument.filterMap(
      (given): Option.Option<ArchivePath> => given === "-" ? Option.some(given) : hostPathOf(given),
      () => "a file, or -"
    )
  )

/**
 * The file with the spec to use instead of the one that was started.
 *
 * @since 0.1.0
 * @category flags
 */
export const specFlag = Flag.String("spec").pipe(
  Flag.withMetavar("SPEC"),
  Flag.withDescription("Start with this spec instead of the one it was started with"),
  Flag.optional
)

/**
 * The directory with the specs of several instances.
 *
 * @since 0.1.0
 * @category flags
 */
export const allOf = Flag.String("all").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("All that a directory has a spec of (*.yaml, *.yml, *.json), by priority and dependency"),
  Flag.optional
)

/**
 * How many instances are dealt with at a time.
 *
 * @since 0.1.0
 * @category flags
 */
export const parallel = Flag.Int("parallel").pipe(
  Flag.withMetavar("N"),
  Flag.withDescription("How many at a time, with --all (default 4)"),
  Flag.filter((given) => given >= 1 && given <= 64, () => "a whole number from 1 to 64"),
  Flag.optional
)

/**
 * The name of an instance.
 *
 * @since 0.1.0
 * @category arguments
 */
export const instanceName = Argument.String("name").pipe(
  Argument.withMetavar("NAME"),
  Argument.withDescription("The name of a container"),
  Argument.filterMap(
    (given) => Result.getSuccess(Schema.decodeUnknownResult(InstanceName)(given)),
    () => "a host name: lower-case letters, digits, hyphens inside and dots between"
  )
)
