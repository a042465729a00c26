/**
 * `effect-lxc config`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { hostPathOf, spec } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

const lxcVersion = Flag.String("lxc-version").pipe(
  Flag.withMetavar("V"),
  Flag.withDescription("The release of LXC it is for, such as 1.0 or 5.0.2 (default: that of this host)"),
  Flag.optional
)

const cgroup = Flag.Literals("cgroup", ["v1", "hybrid", "v2"]).pipe(
  Flag.withDescription("The layout of the cgroups it is for (default: that of this host)"),
  Flag.optional
)

const rootDir = Flag.String("root-dir").pipe(
  Flag.withMetavar("DIR"),
  Flag.withDescription("Where the root file system is mounted (default: in the run directory)"),
  Flag.filterMap(hostPathOf, () => "a directory"),
  Flag.optional
)

/**
 * Prints the configuration of LXC for a spec.
 *
 * @since 0.1.0
 * @category commands
 */
export const configCommand = Command.make(
  "config",
  { spec, lxcVersion, cgroup, rootDir },
  lazily(() => import("../actions/PrintConfig.ts").then((action) => action.printConfig))
).pipe(
  Command.withDescription("Print the lxc.conf of a spec; with --lxc-version and --cgroup this host is not looked at"),
  Command.withShortDescription("Print the lxc.conf of a spec"),
  Command.withExamples([
    { command: "effect-lxc config web1.yaml" },
    { command: "effect-lxc config web1.yaml --lxc-version 1.0 --cgroup v1 --root-dir /srv/web1" }
  ])
)
