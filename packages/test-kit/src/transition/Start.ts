/**
 * lxc-start on a simulated host.
 *
 * @since 0.1.0
 */
import { errors } from "@effect-lxc/core/lxc/LxcLog"
import * as Commands from "@effect-lxc/core/plan/Commands"
import * as Result from "effect/Result"
import { nodeAt, remove, write } from "../FileTree.ts"
import { adjustBridges } from "../Interfaces.ts"
import { schedule } from "../Lifecycle.ts"
import { appendLog, errorLine, type LogMessage, logOfRun, stderrOf } from "../LxcLogText.ts"
import { type LxcSettings, readSettings } from "../LxcSettings.ts"
import { sourcesAt, topMount } from "../MountOps.ts"
import {
  after,
  type Call,
  type Case,
  commandFailed,
  conflict,
  done,
  failed,
  type Outcome,
  pending,
  timedOut
} from "../Outcome.ts"
import {
  answers,
  changeContainer,
  containerById,
  containerNamed,
  removeProcess,
  spawn
} from "../Process.ts"
import type { SimulatedContainer, SimulatedState } from "../SimulatedState.ts"
import { timing } from "../Timing.ts"
import type { Seen } from "./Seen.ts"
import { groupExists, judge, makeGroup, type Verdict } from "./StartVerdict.ts"
import { blank } from "../Guest.ts"

type Start = Case<"StartContainer">

/** What lxc-start prints and logs whatever went wrong: nothing of the cause. */
const uselessLines = (first: LogMessage): ReadonlyArray<LogMessage> => [
  first,
  errorLine("lxc_start.c:main:306", "The container failed to start"),
  errorLine("lxc_start.c:main:309", "To get more details, run the container in foreground mode"),
  errorLine("lxc_start.c:main:311", "Additional information can be obtained by setting the --logfile and --logpriority options")
]

const aborting = errorLine(
  "lxccontainer.c:wait_on_daemonized_start:878",
  `Received container state "ABORTING" instead of "RUNNING"`
)
const silent = errorLine("lxccontainer.c:wait_on_daemonized_start:867", "Failed to receive the container state")

const logLines = (state: SimulatedState, file: string): ReadonlyArray<string> =>
  errors(logOfRun(state, file)).map((line) => line.message)

/**
 * @since 0.1.0
 * @category observations
 */
export const observeStart = (state: SimulatedState, step: Pick<Start, "lxcPath" | "name">): Seen => {
  const container = containerNamed(state, step)
  return { done: container !== undefined && answers(state, container) && container.phase === "running" }
}

/** A configuration that is a directory is no error: LXC goes on with an empty one. */
const notCopied = (config: string): LogMessage =>
  errorLine("parse.c:lxc_file_for_each_line_mmap:96", `Is a directory - Failed to copy config file "${config}"`)

/** The only errors of a configuration that are seen on stderr; they are logged as well, and nothing was done yet. */
const cannotRead = (state: SimulatedState, step: Start, messages: ReadonlyArray<LogMessage>): Outcome => {
  const logged = appendLog(state, step.logFile, step.name, messages)
  const stderr = stderrOf("lxc-start", step.name, messages)
  return failed(logged, commandFailed(Commands.startContainer(step), 1, stderr, logLines(logged, step.logFile)))
}

const moveAside = (state: SimulatedState, { logFile, logSize }: Start): SimulatedState => {
  const log = nodeAt(state, logFile)
  if (log === undefined || logSize === undefined || log.text.length <= logSize) return state
  return remove(write(state, `${logFile}.1`, log.mode, log.text), logFile)
}

const begin = (before: SimulatedState, step: Start, call: Call): Outcome => {
  const state = moveAside(before, step)
  if (state.lxcVersion === null) {
    return failed(state, conflict("lxc-start is not installed", "install the package that has it"))
  }
  if (nodeAt(state, step.logFile)?.kind === "directory") {
    const advice = "this library did not make it so: look what it is, and mend or remove it by hand"
    return failed(state, conflict(`${step.logFile} is a link or no regular file`, advice))
  }
  const bare = step.mounts?.find((at) => topMount(state, at) === undefined)
  if (bare !== undefined) return failed(state, conflict(`nothing is mounted on ${bare} any more`, "somebody unmounted it: look who, and start again"))
  const marked = { ...state, logMarks: { ...state.logMarks, [step.logFile]: nodeAt(state, step.logFile)?.text.length ?? 0 } }
  const running = containerNamed(state, step)
  if (running?.listening === true) {
    return answers(state, running)
      ? pending(marked, call.since + timing.lxcRefuse, "second")
      : pending(marked, call.since + step.timeoutMs, "asking")
  }
  const configuration = configurationOf(marked, step)
  if (Result.isFailure(configuration)) return pending(marked, call.since + timing.lxcParse, "unreadable")
  return beginSetup(marked, step, configuration.success, call)
}

interface Configuration {
  readonly text: string
  readonly settings: LxcSettings
}

const configFile = ({ lxcPath, name }: Start): string => `${lxcPath}/${name}/config`

const settingsIn = (state: SimulatedState, step: Start, text: string) =>
  readSettings(text, configFile(step), state.lxcVersion ?? "")

const configurationOf = (state: SimulatedState, step: Start): Result.Result<Configuration, ReadonlyArray<LogMessage>> => {
  if (nodeAt(state, step.lxcPath) === undefined) {
    return Result.fail([errorLine("lxc_start.c:main:190", `You lack access to ${step.lxcPath}`)])
  }
  const node = nodeAt(state, configFile(step))
  return node !== undefined
    ? Result.map(settingsIn(state, step, node.text), (settings) => ({ text: node.text, settings }))
    : Result.fail([errorLine("lxc_start.c:main:266", "No container config specified")])
}

/** The monitor is there, and its socket; it looks for everything else. */
const beginSetup = (state: SimulatedState, step: Start, { settings, text }: Configuration, call: Call): Outcome => {
  const group = makeGroup(state, settings.monitor, `lxc.monitor.${step.name}`)
  if (group === undefined) return pending(state, call.since + timing.lxcStart, "monitor-group")
  const id = state.nextId
  const monitor = state.nextPid
  const started = spawn({ ...group.state, nextId: id + 1 }, {
    parent: 1,
    command: `[lxc monitor] ${step.lxcPath} ${step.name}`,
    cgroup: group.name
  })
  const root = settings.root ?? "/"
  const container: SimulatedContainer = {
    id,
    lxcPath: step.lxcPath,
    name: step.name,
    phase: "starting",
    monitor,
    init: null,
    listening: true,
    frozen: false,
    payload: settings.payload ?? `lxc.payload.${step.name}`,
    monitorGroup: group.name,
    root,
    rootSource: topMount(state, root)?.source ?? null,
    sources: [
      ...sourcesAt(state, root, true),
      ...settings.mounts.flatMap(({ options, source }) => sourcesAt(state, source, options.includes("rbind")))
    ],
    guest: blank(),
    config: text,
    logFile: step.logFile,
    pidFile: step.pidFile,
    pending: [],
    moved: [],
    execedAt: state.now,
    limits: {},
    mayReboot: settings.mayReboot,
    diesWithMonitor: settings.diesWithMonitor
  }
  const logged = write(
    write({ ...started, containers: [...started.containers, container] }, step.pidFile, "0644", `${monitor}\n`),
    step.consoleLog,
    "0600",
    nodeAt(started, step.consoleLog)?.text ?? ""
  )
  return pending(appendLog(logged, step.logFile, step.name, []), call.since + timing.lxcStart, `setup ${id}`)
}

/**
 * A monitor gives up. The client that waits for it sits in the monitor's group, so that LXC cannot always remove it: it
 * stays in some of the trees (here: in every other one), or as the state says.
 */
const giveUp = (state: SimulatedState, id: number, leaks: boolean): SimulatedState => {
  const container = containerById(state, id)
  if (container === undefined) return state
  const isKept = (index: number): boolean => leaks && state.monitorLeak !== "none" && (state.monitorLeak === "all" || index % 2 === 0)
  const unmonitored = removeProcess(state, container.monitor)
  const { [container.pidFile]: _, ...files } = unmonitored.files
  return {
    ...unmonitored,
    files,
    trees: unmonitored.trees.map((tree, index) => {
      const { [container.monitorGroup]: __, ...groups } = tree.groups
      return isKept(index) ? tree : { ...tree, groups }
    }),
    interfaces: adjustBridges([
      ...unmonitored.interfaces.filter((each) => each.container !== id),
      ...container.moved.map((each) => ({ ...each, container: null }))
    ]),
    containers: unmonitored.containers.filter((each) => each.id !== id)
  }
}

const failStart = (
  state: SimulatedState,
  step: Start,
  messages: ReadonlyArray<LogMessage>,
  first: LogMessage
): Outcome => {
  const useless = uselessLines(first)
  const logged = appendLog(state, step.logFile, step.name, [...messages, ...useless])
  const log = logLines(logged, step.logFile)
  return failed(logged, commandFailed(Commands.startContainer(step), 1, stderrOf("lxc-start", step.name, useless), log))
}

const run = (state: SimulatedState, step: Start, container: SimulatedContainer, settings: LxcSettings, call: Call): Outcome => {
  const config = configFile(step)
  const unread = nodeAt(state, config)?.kind === "directory" ? [notCopied(config)] : []
  const verdict = judge(state, container, settings)
  if (verdict._tag === "Fails") return failStart(giveUp(verdict.state, container.id, verdict.leaks), step, [...unread, ...verdict.log], aborting)
  if (verdict._tag === "Hangs") {
    const hung = changeContainer(verdict.state, container.id, { phase: "hung" })
    return pending(hung, call.since + step.timeoutMs, `hung ${container.id}`)
  }
  const { guest, payload } = verdict
  const pid = verdict.state.nextPid
  const init = spawn(verdict.state, { parent: container.monitor ?? 1, command: settings.init, cgroup: payload })
  const running = changeContainer(init, container.id, {
    phase: "running",
    init: pid,
    guest,
    limits: Object.fromEntries(verdict.state.trees.map((tree) => [tree.mountPoint, tree.groups[payload] ?? {}])),
    execedAt: state.now
  })
  const logged = appendLog(running, step.logFile, step.name, [
    ...verdict.log,
    { level: "NOTICE", source: "start.c:start:2194", text: `Exec'ing "${settings.init}"` },
    { level: "NOTICE", source: "start.c:post_start:2205", text: `Started "${settings.init}" with pid "${pid}"` }
  ])
  return done(begins(logged, container, verdict))
}

/** What the guest does from now on. */
const begins = (
  state: SimulatedState,
  { id, root }: SimulatedContainer,
  { guest, outOfMemory }: Extract<Verdict, { readonly _tag: "Runs" }>
): SimulatedState => {
  const mounts = guest.mounts.map((path, index) => ({
    target: path === "" ? root : `${root}/${path}`,
    source: "tmpfs",
    root: "/",
    device: `0:${100 + state.mounts.length + index}`,
    fsType: "tmpfs",
    options: ["rw"],
    image: null
  }))
  const mounted = { ...state, mounts: [...state.mounts, ...mounts] }
  if (outOfMemory) return schedule(mounted, timing.outOfMemory, { _tag: "InitKilled", id })
  return guest.exits === null
    ? mounted
    : schedule(mounted, guest.exits.afterMs, { _tag: "InitExits", id, code: guest.exits.code })
}

/** A monitor that was killed while it set up, and what lxc-start says of that. */
const setup = (state: SimulatedState, step: Start, call: Call, id: number): Outcome =>
  after(state, call, timing.lxcStart, () => {
    const container = containerById(state, id)
    return container === undefined
      ? failStart(state, step, [], silent)
      // It was read before.
      : run(state, step, container, Result.getOrThrow(settingsIn(state, step, container.config)), call)
  })

/**
 * lxc-start -d: 0 as soon as init was executed, 1 with the cause in the log only, or never.
 *
 * @since 0.1.0
 * @category transitions
 */
export const startContainer = (state: SimulatedState, step: Start, call: Call): Outcome => {
  const [phase, id] = call.phase.split(" ")
  const log = () => logLines(state, step.logFile)
  switch (phase) {
    case "setup":
      return setup(state, step, call, Number(id))
    case "hung":
      if (containerById(state, Number(id)) === undefined) return failStart(state, step, [], silent)
      return after(state, call, step.timeoutMs, () => failed(state, timedOut(Commands.startContainer(step), step.timeoutMs, log())))
    case "asking":
      return after(state, call, step.timeoutMs, () => failed(state, timedOut(Commands.startContainer(step), step.timeoutMs, log())))
    case "second":
      return after(state, call, timing.lxcRefuse, () =>
        failed(state, conflict(`LXC says that ${step.name} is running already`, `look at it: effect-lxc info ${step.name}`)))
    case "unreadable":
      return after(state, call, timing.lxcParse, () => {
        return cannotRead(state, step, Result.match(configurationOf(state, step), { onFailure: (lines) => lines, onSuccess: () => [] }))
      })
    case "monitor-group":
      return after(state, call, timing.lxcStart, () => failStart(state, step, [groupExists], silent))
    default:
      return begin(state, step, call)
  }
}

/**
 * What an interrupted lxc-start leaves: the monitor gives the start up with its client, unless it hangs.
 *
 * @since 0.1.0
 * @category transitions
 */
export const abandonStart = (state: SimulatedState, call: Call): SimulatedState => {
  const [phase, id] = call.phase.split(" ")
  return phase === "setup" ? giveUp(state, Number(id), true) : state
}
