/**
 * What confinement the host has.
 *
 * @since 0.1.0
 */
import type { Security, SubIds } from "@effect-lxc/core/host/HostFacts"
import { readText } from "./KernelFiles.ts"
import { toolPath } from "./Tools.ts"

/** Names of loaded profiles, null without AppArmor; empty where the kernel does not tell them. */
const appArmor = (): ReadonlyArray<string> | null =>
  readText("/sys/module/apparmor/parameters/enabled")?.startsWith("Y") === true
    ? (readText("/sys/kernel/security/apparmor/profiles") ?? "").split("\n")
      .flatMap((line) => /^(.*) \([a-z]+\)$/.exec(line)?.[1] ?? [])
    : null

/** The lines of subuid(5) or subgid(5): OWNER:START:COUNT. */
const ranges = (file: string): SubIds["users"] =>
  (readText(file) ?? "").split("\n").flatMap((line) => {
    const [owner, start, count] = line.split(":")
    return owner === undefined || !/^\d+$/.test(start ?? "") || !/^\d+$/.test(count ?? "")
      ? []
      : [{ line, root: owner === "root" || owner === "0", start: Number(start), count: Number(count) }]
  })

/**
 * AppArmor's profiles, and who has which subordinate ids. LXC insists that root has those it maps where newuidmap(1) and
 * newgidmap(1) are installed (lxc_map_ids of LXC 5.0.2). `tools` are the directories of tools.
 *
 * @since 0.1.0
 * @category reading
 */
export const securityFacts = (tools: ReadonlyArray<string>): Security => ({
  appArmor: appArmor(),
  subIds: {
    required: toolPath("newuidmap", tools) !== undefined && toolPath("newgidmap", tools) !== undefined,
    users: ranges("/etc/subuid"),
    groups: ranges("/etc/subgid")
  }
})
