import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import type { ContainerFacts } from "@effect-lxc/core/host/HostFacts"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import type { Step } from "@effect-lxc/core/plan/Step"
import { Facts, Guest, type HostOptions, Incidents, SimulatedHost, type SimulatedState, Transition } from "@effect-lxc/test-kit"
import { assert } from "@effect/vitest"

export const directories = defaultDirectories
export const lxcPath = HostPath.make(directories.containers)
export const name = InstanceName.make("web1")
export const rootfs = HostPath.make(directories.rootfs("web1"))
export const container = { lxcPath, name }
export const hierarchies = (state: SimulatedState) => state.trees.map((tree) => HostPath.make(tree.mountPoint))

type Case<Tag extends Step["_tag"]> = Extract<Step, { readonly _tag: Tag }>

export const start = (changes: Partial<Case<"StartContainer">> = {}): Case<"StartContainer"> => ({
  _tag: "StartContainer",
  ...container,
  logFile: HostPath.make(directories.lxcLog("web1")),
  logLevel: "INFO",
  consoleLog: HostPath.make(directories.consoleLog("web1")),
  pidFile: HostPath.make(directories.monitorPid("web1")),
  interfaces: [],
  hierarchies: [],
  timeoutMs: 30_000,
  ...changes
})

/** The config of a container by hand, after the lines that every one has. */
export const config = (...lines: ReadonlyArray<string>): string =>
  [`lxc.uts.name = web1`, `lxc.rootfs.path = dir:${rootfs}`, ...lines, ""].join("\n")

/** What LXC would number itself: pinned as this library does. */
export const pinned = ["lxc.cgroup.dir.container = lxc.payload.web1", "lxc.cgroup.dir.monitor = lxc.monitor.web1"]

export interface Prepared extends HostOptions {
  readonly guest?: Guest.Guest
  readonly config?: string
  /** Whether the image is mounted on the root; it is unless said otherwise. */
  readonly mounted?: boolean
}

/** A host on which only lxc-start is left to do. */
export const prepared = ({ config: text = config(...pinned), guest = Guest.obedient(), mounted = true, ...options }: Prepared = {}): SimulatedState => {
  const state = SimulatedHost.state({ bridges: ["br0"], ...options, images: { ...options.images, "/srv/web1.img": guest } })
  const files = Incidents.putFile(directories.config("web1"), text, "0600")(Incidents.putDirectory(rootfs)(state))
  if (!mounted) return files
  const attached = done(files, { _tag: "AttachLoop", file: HostPath.make("/srv/web1.img"), offset: 0, sizeLimit: 0, readOnly: false, result: "root" })
  return done(attached, { _tag: "Mount", source: HostPath.make("/dev/loop0"), target: rootfs, fsType: null, options: [] })
}

/** The host after a step that must succeed. */
export const done = (state: SimulatedState, step: Step): SimulatedState => {
  const ended = Transition.complete(state, step)
  assert.isUndefined(ended.problem, JSON.stringify(ended.problem))
  return ended.state
}

/** A host on which web1 runs. */
export const running = (options: Prepared = {}): SimulatedState => done(prepared(options), start())

/** How a step ends that must fail. */
export const failed = (state: SimulatedState, step: Step) => {
  const ended = Transition.complete(state, step)
  assert.isDefined(ended.problem, "it should have failed")
  return { ...ended, problem: ended.problem ?? ({ _tag: "Conflict", found: "", advice: "" } as const) }
}

/** Whether a step's result holds, as the host sees it. */
export const holds = (state: SimulatedState, step: Step): boolean => {
  const seen = Transition.observe(state, step, new Map())
  assert.isTrue("done" in seen, JSON.stringify(seen))
  return "done" in seen && seen.done
}

/** A failed lxc-start: the exit code and LXC's own lines. */
export const failedStart = (state: SimulatedState) => {
  const ended = failed(state, start())
  const { problem } = ended
  assert.isTrue(problem._tag === "CommandFailed", JSON.stringify(problem))
  return { ...ended, problem: problem as Extract<typeof problem, { readonly _tag: "CommandFailed" }> } // just seen
}

export const factsOf = (state: SimulatedState): ContainerFacts | undefined =>
  Facts.containersOf(state, directories, true).find((each) => each.name === "web1")

/** Names of a container's directories at the top of the trees, with the number of trees they are in. */
export const groups = (state: SimulatedState): Readonly<Record<string, number>> => {
  const counted: Record<string, number> = {}
  for (const tree of state.trees) {
    for (const path of Object.keys(tree.groups)) {
      if (path !== "lxc.pivot" && !path.includes("/")) counted[path] = (counted[path] ?? 0) + 1
    }
  }
  return counted
}
