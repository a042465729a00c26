/**
 * How limits are written for a release of LXC on a cgroup layout, and where they would not be in force.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { CgroupLayoutName } from "../host/CgroupLayout.ts"
import { atLeast, type LxcVersion } from "./LxcVersion.ts"

/**
 * What the keys of cgroup files begin with.
 *
 * @since 0.1.0
 * @category models
 */
export type CgroupPrefix = "lxc.cgroup." | "lxc.cgroup2."

/**
 * Why a limit cannot be had.
 *
 * @since 0.1.0
 * @category models
 */
export interface CgroupRefusal {
  readonly code: "cgroup-layout" | "cgroup-devices"
  readonly message: string
  readonly advice: string
}

/**
 * The prefix with which this LXC applies a limit on this layout, or why it applies none. The other prefix is never an
 * answer: LXC ignores it in silence (4.0.2 and later), or does not start. A hybrid host counts as v1, for LXC looks at
 * whether the unified tree is all there is.
 *
 * @since 0.1.0
 * @category decisions
 */
export const cgroupPrefix = (
  version: LxcVersion,
  layout: CgroupLayoutName
): Result.Result<CgroupPrefix, CgroupRefusal> => {
  if (layout === "v2") {
    return atLeast(version, "3.0.0") ? Result.succeed("lxc.cgroup2.") : Result.fail({
      code: "cgroup-layout",
      message: `LXC ${version} knows nothing of cgroup v2, which is all this host has`,
      advice: "use LXC 4.0.0 or later, or boot the host with cgroup v1"
    })
  }
  return atLeast(version, "7.0.0")
    ? Result.fail({
      code: "cgroup-layout",
      message: `LXC ${version} has no limits on a host with cgroup v1 (its layout is ${layout})`,
      advice: "boot the host with cgroup v2 alone, or use LXC 6"
    })
    : Result.succeed("lxc.cgroup.")
}

/**
 * As {@link cgroupPrefix}, for rules about devices: on cgroup v2 LXC has them since 4.0.0.
 *
 * @since 0.1.0
 * @category decisions
 */
export const devicePrefix = (
  version: LxcVersion,
  layout: CgroupLayoutName
): Result.Result<CgroupPrefix, CgroupRefusal> =>
  layout === "v2" && atLeast(version, "3.0.0") && !atLeast(version, "4.0.0")
    ? Result.fail({
      code: "cgroup-devices",
      message: `LXC ${version} cannot restrict devices on cgroup v2: 4.0.0 is the first that can`,
      advice: "use LXC 4.0.0 or later, or allow every device with devices: [a]"
    })
    : cgroupPrefix(version, layout)
