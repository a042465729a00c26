/**
 * Sessions with the containers of a simulated host.
 *
 * @since 0.1.0
 */
import { HostError } from "@effect-lxc/core/runtime/Host"
import { noLog } from "@effect-lxc/core/runtime/Logs"
import type { AttachRequest, Execution, ForwardedSignal, LogQuery, Sessions } from "@effect-lxc/core/runtime/Sessions"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { namesIn, nodeAt, parentOf } from "./FileTree.ts"
import type { GuestProgram } from "./Guest.ts"
import { answers, containerById, containerNamed, isLiving, processOf, removeProcess, spawn } from "./Process.ts"
import type { SimulatedContainer, SimulatedState } from "./SimulatedState.ts"
import { type StateCell, update } from "./StateCell.ts"

/** How long lxc-attach may take to bring the program into the container, as on a real host. */
const attachTimeoutMs = 10_000
/** A program that does not end by itself is looked at again so often, where nothing happens before. */
const someDay = 86_400_000

const numbers: Readonly<Record<ForwardedSignal, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 }

/** What ended without having run: no process was made. */
const failed = (exitCode: number, stderr: string): GuestProgram => ({ exitCode, stdout: "", stderr, takesMs: 0 })

const notThere = (word: string) =>
  failed(127, `lxc-attach: lxc_attach_run_command: No such file or directory - Failed to exec "${word}"\n`)

/** A test has no terminal. Measured of lxc-console on LXC 5.0.2. */
const noTerminal = failed(1, "lxc-console: Failed to add stdin handler\n")

/** The words behind `--`: the program and its arguments. */
const wordsOf = (request: AttachRequest): ReadonlyArray<string> => request.argv.slice(request.argv.indexOf("--") + 1)

/** Attached programs have a cgroup of their own below the container's in the unified tree. Measured on LXC 5.0.2. */
const enter = (state: SimulatedState, container: SimulatedContainer, command: string): SimulatedState => {
  const cgroup = `${container.payload}/.lxc`
  return spawn({
    ...state,
    trees: state.trees.map((tree) => tree.version === 1 ? tree : { ...tree, groups: { [cgroup]: {}, ...tree.groups } })
  }, { parent: container.monitor ?? 1, command, cgroup })
}

interface Entered {
  readonly program: GuestProgram
  /** Null where nothing runs. */
  readonly pid: number | null
  readonly containerId: number
}

const attachTo = (state: SimulatedState, request: AttachRequest): readonly [Entered | "hangs", SimulatedState] => {
  const container = containerNamed(state, request.container)
  if (container === undefined || container.init === null || !container.listening) {
    return [{ program: failed(1, "lxc-attach: Failed to get init pid\n"), pid: null, containerId: 0 }, state]
  }
  if (!answers(state, container) || container.frozen) return ["hangs", state]
  if (request.kind === "console") return [{ program: noTerminal, pid: null, containerId: container.id }, state]
  const words = wordsOf(request)
  const program = container.guest.commands[words.join(" ")]
  return program === undefined
    ? [{ program: notThere(words[0] ?? ""), pid: null, containerId: container.id }, state]
    : [{ program, pid: state.nextPid, containerId: container.id }, enter(state, container, words.join(" "))]
}

const lastLines = (text: string, lines: number): number => {
  if (lines === 0) return text.length
  let at = text.endsWith("\n") ? text.length - 1 : text.length
  for (let found = 0; found < lines && at >= 0; found++) at = at === 0 ? -1 : text.lastIndexOf("\n", at - 1)
  return at + 1
}

/** What a log holds now, and then what it holds more; from its beginning where it has become shorter. */
const logText = (cell: StateCell, file: string, { follow, tail }: LogQuery): Stream.Stream<string, HostError> => {
  return Stream.unwrap(Effect.map(cell.read, (state) => {
    const first = nodeAt(state, file)?.text
    if (first === undefined) return Stream.fail(noLog(file, namesIn(state, parentOf(file)).length > 0))
    let offset = tail === null ? 0 : lastLines(first, tail)
    const next = Effect.gen(function*() {
      while (true) {
        const state = yield* cell.read
        const now = nodeAt(state, file)?.text ?? ""
        if (now.length < offset) offset = 0
        if (now.length > offset) {
          const part = now.slice(offset)
          offset = now.length
          return [part, undefined] as const
        }
        if (!follow) return undefined
        yield* cell.waitUntil(state.now + someDay)
      }
    })
    return Stream.unfold(undefined, () => next)
  }))
}

/** Ends when the state is another than when it last ended; time alone makes another state too. */
const changesOf = (cell: StateCell): Effect.Effect<Effect.Effect<void>> =>
  Effect.map(cell.read, (first) => {
    let seen = first
    return Effect.gen(function*() {
      while (true) {
        const state = yield* cell.read
        const changed = state !== seen
        seen = state
        if (changed) return
        yield* cell.waitUntil(state.now + someDay)
      }
    })
  })

const bytes = (text: string): Stream.Stream<Uint8Array> => Stream.encodeText(Stream.make(text))

/**
 * Programs are those that the guest has as its `commands`. They end when their time is over, by the first signal, and
 * with their container; while that is frozen they do not go on.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeSessions = (cell: StateCell): Sessions["Service"] => {
  const endOf = ({ containerId, pid, program }: Entered, since: number, signalled: () => number | undefined) =>
    Effect.gen(function*() {
      while (true) {
        const state = yield* cell.read
        const signal = signalled()
        if (pid === null) return program.exitCode
        if (!isLiving(processOf(state, pid))) return 128 + (signal ?? 9)
        const frozen = containerById(state, containerId)?.frozen === true
        const due = since + (program.takesMs ?? Number.POSITIVE_INFINITY)
        if (!frozen && (signal !== undefined || state.now >= due)) {
          yield* update(cell, (current) => removeProcess(current, pid))
          return signal === undefined ? program.exitCode : 128 + signal
        }
        yield* cell.waitUntil(frozen || due <= state.now ? state.now + someDay : Math.min(due, state.now + someDay))
      }
    })
  return {
    log: (file, query) => Stream.encodeText(logText(cell, file, query)),
    changes: () => changesOf(cell),
    attach: Effect.fn("SimulatedSessions.attach")(function*(request) {
      const since = yield* Clock.currentTimeMillis
      const entered = yield* Effect.acquireRelease(
        cell.modify((state) => {
          const [found, next] = attachTo(state, request)
          return [Effect.succeed(found), next]
        }),
        (found) => found === "hangs" ? Effect.void : update(cell, (state) => removeProcess(state, found.pid))
      )
      if (entered === "hangs") {
        yield* Effect.sleep(attachTimeoutMs)
        return yield* new HostError({
          problem: { _tag: "CommandTimedOut", argv: [...request.argv], timeoutMs: attachTimeoutMs, log: [] }
        })
      }
      let signalled: number | undefined
      const piped = request.stdio._tag === "pipe"
      return {
        stdout: piped ? bytes(entered.program.stdout) : Stream.empty,
        stderr: piped ? bytes(entered.program.stderr) : Stream.empty,
        exitCode: endOf(entered, since, () => signalled),
        signal: (signal) =>
          update(cell, (state) => {
            signalled ??= numbers[signal]
            return { ...state } // another state wakes whoever waits for the end
          })
      } satisfies Execution
    })
  }
}
