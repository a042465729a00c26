/**
 * The host's own end and beginning.
 *
 * @since 0.1.0
 */
import { adjustBridges } from "./Interfaces.ts"
import { firstPid } from "./Process.ts"
import type { SimulatedState } from "./SimulatedState.ts"

/** What is there before anything else, and is mounted anew at each boot. */
const isOfBoot = (mount: SimulatedState["mounts"][number]): boolean =>
  mount.target === "/" || mount.target === "/run" || mount.fsType.startsWith("cgroup")

/**
 * The host boots: what ran, and what was on a tmpfs, in a loop device or mounted, is gone; what is on disk stays, and an
 * interface that was moved into a container is the host's again.
 *
 * @since 0.1.0
 * @category transitions
 */
export const boot = (state: SimulatedState, bootId: string): SimulatedState => ({
  ...state,
  bootId,
  bootedAt: state.now,
  files: Object.fromEntries(Object.entries(state.files).filter(([path]) => !path.startsWith("/run/"))),
  loops: [],
  mounts: state.mounts.filter(isOfBoot),
  trees: state.trees.map((tree) => ({ ...tree, groups: {} })),
  interfaces: adjustBridges([
    ...state.interfaces.filter((each) => each.kind !== "veth"),
    ...state.containers.flatMap((each) => each.moved.map((moved) => ({ ...moved, container: null })))
  ]),
  processes: state.processes.filter((each) => each.pid === 1),
  containers: [],
  logMarks: {},
  agenda: [],
  nextPid: firstPid
})
