/**
 * What `effect-lxc exec` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { decodeGuestCommand } from "@effect-lxc/core/model/GuestCommand"
import type { InvalidSpec } from "@effect-lxc/core/model/InvalidSpec"
import type { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import type { Execution, ForwardedSignal } from "@effect-lxc/core/runtime/Sessions"
import { withHypervisor } from "../Hypervisors.ts"
import { ProgramEnded } from "../ProgramEnded.ts"
import { Signals } from "../Signals.ts"
import { UsageError } from "../UsageError.ts"

/**
 * Runs the program with signals passed on to it, and ends as it ends. What comes before the program is there waits for it:
 * a shell that runs this cannot know when that is.
 *
 * @since 0.1.0
 * @category running
 */
export const follow = <E, R>(start: Effect.Effect<Execution, E, R>) =>
  Effect.gen(function*() {
    const early: Array<ForwardedSignal> = []
    let pass = (signal: ForwardedSignal): void => void early.push(signal)
    yield* (yield* Signals).forward((signal) => pass(signal))
    const execution = yield* start
    pass = (signal) => Effect.runSync(execution.signal(signal))
    early.forEach(pass)
    const exitCode = yield* execution.exitCode
    if (exitCode !== 0) return yield* new ProgramEnded({ exitCode })
  }).pipe(Effect.scoped)

/** The problems of a command, by the words that it was given in. */
const ofWords = ({ problems }: InvalidSpec): UsageError =>
  new UsageError({
    problems: problems.map(({ message, path }) => {
      const word = path.startsWith("argv") ? path.replace("argv", "ARGV") : `--${path.replace(/^env\["?([^"]*)"?\]$/, "env $1")}`
      return `${word}: ${message}`
    }),
    command: "effect-lxc exec"
  })

/**
 * Runs a program in a container on the streams of this process.
 *
 * @since 0.1.0
 * @category actions
 */
export const exec = Effect.fnUntraced(function*({ argv, cwd, env, gid, name, uid }: {
  readonly name: InstanceName
  readonly argv: ReadonlyArray<string>
  readonly env: ReadonlyArray<readonly [string, string]>
  readonly cwd: Option.Option<string>
  readonly uid: Option.Option<number>
  readonly gid: Option.Option<number>
}) {
  const command = yield* Effect.fromResult(Result.mapError(decodeGuestCommand({
    argv,
    env: Object.fromEntries(env),
    ...Option.match(cwd, { onNone: () => ({}), onSome: (given) => ({ cwd: given }) }),
    ...Option.match(uid, { onNone: () => ({}), onSome: (given) => ({ uid: given }) }),
    ...Option.match(gid, { onNone: () => ({}), onSome: (given) => ({ gid: given }) })
  }), ofWords))
  const start = Effect.flatMap(Hypervisor, (service) => service.exec(name, command, { stdio: { _tag: "inherit" } }))
  yield* withHypervisor(follow(start))
})
