/**
 * What a release of LXC calls things, and which of them it has.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import { atLeast, type LxcVersion, type Release } from "./LxcVersion.ts"

/** A key, or a family of keys where the name ends in a dot, by its name in LXC 2.1 and later. */
interface KeyFacts {
  readonly key: string
  /** The name before 2.1.0, where it was another. */
  readonly legacy?: string
  /** The first release with it; all since 1.0 where nothing is said. */
  readonly since?: Release
}

/** Read from the sources of LXC at the release tags 0.9.0 to 7.0.0. */
const keys: ReadonlyArray<KeyFacts> = [
  { key: "lxc.apparmor.profile", legacy: "lxc.aa_profile" },
  { key: "lxc.arch" },
  { key: "lxc.autodev" },
  { key: "lxc.autodev.tmpfs.size", since: "4.0.0" },
  { key: "lxc.cap.drop" },
  { key: "lxc.cap.keep" },
  { key: "lxc.cgroup.dir.container", since: "5.0.0" },
  { key: "lxc.cgroup.dir.monitor", since: "5.0.0" },
  { key: "lxc.console.path", legacy: "lxc.console" },
  { key: "lxc.console.rotate", since: "3.0.0" },
  { key: "lxc.console.size", since: "3.0.0" },
  { key: "lxc.environment", since: "1.1.0" },
  { key: "lxc.idmap", legacy: "lxc.id_map" },
  { key: "lxc.init.cmd", legacy: "lxc.init_cmd", since: "1.1.0" },
  { key: "lxc.init.cwd", since: "3.0.0" },
  { key: "lxc.init.gid", legacy: "lxc.init_gid", since: "2.0.0" },
  { key: "lxc.init.groups", since: "4.0.10" },
  { key: "lxc.init.uid", legacy: "lxc.init_uid", since: "2.0.0" },
  { key: "lxc.keyring.session", since: "4.0.0" },
  { key: "lxc.mount.auto" },
  { key: "lxc.mount.entry" },
  { key: "lxc.no_new_privs", since: "2.1.0" },
  { key: "lxc.prlimit.", since: "2.1.0" },
  { key: "lxc.proc.", since: "3.0.0" },
  { key: "lxc.pty.max", legacy: "lxc.pts" },
  { key: "lxc.rootfs.options" },
  { key: "lxc.rootfs.path", legacy: "lxc.rootfs" },
  { key: "lxc.sched.core", since: "4.0.11" },
  { key: "lxc.seccomp.profile", legacy: "lxc.seccomp" },
  { key: "lxc.signal.halt", legacy: "lxc.haltsignal" },
  { key: "lxc.sysctl.", since: "3.0.0" },
  { key: "lxc.time.offset.", since: "5.0.0" },
  { key: "lxc.tty.max", legacy: "lxc.tty" },
  { key: "lxc.uts.name", legacy: "lxc.utsname" }
]

/**
 * The language of one release of LXC: `legacy` before 2.1.0, `modern` since.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dialect {
  readonly name: "legacy" | "modern"
  readonly version: LxcVersion
}

/**
 * The dialect of a release. 2.1 still reads the legacy names, 3.0 refuses them: from 2.1.0 on the modern ones are used.
 *
 * @since 0.1.0
 * @category constructors
 */
export const dialectFor = (version: LxcVersion): Dialect => ({
  name: atLeast(version, "2.1.0") ? "modern" : "legacy",
  version
})

const wholeKeys: ReadonlyMap<string, KeyFacts> = new Map(keys.map((each) => [each.key, each]))

const keyPrefixes = keys.filter(({ key }) => key.endsWith("."))

/**
 * What the dialect calls a key, given by its modern name; fails with the reason where its LXC has no such key.
 *
 * @since 0.1.0
 * @category accessors
 */
export const keyName = (dialect: Dialect, modern: string): Result.Result<string, string> => {
  const facts = wholeKeys.get(modern) ?? keyPrefixes.find(({ key }) => modern.startsWith(key))
  if (facts === undefined) {
    return Result.fail(`${modern} is not a known key`)
  }
  if (facts.since !== undefined && !atLeast(dialect.version, facts.since)) {
    return Result.fail(`LXC has ${modern} since ${facts.since}; this is ${dialect.version}`)
  }
  return Result.succeed(dialect.name === "legacy" ? facts.legacy ?? modern : modern)
}

const legacyNicTails: ReadonlyMap<string, string> = new Map([["ipv4.address", "ipv4"], ["ipv6.address", "ipv6"]])

/**
 * What the dialect calls a key of nic `index`, given by what follows `lxc.net.<index>.` in the modern dialect. In the
 * legacy dialect a nic begins at its `type` line and has no number.
 *
 * @since 0.1.0
 * @category accessors
 */
export const nicKeyName = (dialect: Dialect, index: number, tail: NicKey): string =>
  dialect.name === "modern" ? `lxc.net.${index}.${tail}` : `lxc.network.${legacyNicTails.get(tail) ?? tail}`

/**
 * @since 0.1.0
 * @category models
 */
export type NicKey =
  | "type"
  | "link"
  | "hwaddr"
  | "flags"
  | "name"
  | "mtu"
  | "veth.pair"
  | "ipv4.address"
  | "ipv6.address"
  | "ipv4.gateway"
  | "ipv6.gateway"

/**
 * Whether the config names the host's ends of virtual Ethernet pairs; the text of the legacy dialect is fixed and does not.
 *
 * @since 0.1.0
 * @category guards
 */
export const pinsVeth = (dialect: Dialect): boolean => dialect.name === "modern"

/**
 * Whether the config names the cgroups of the container and its monitor (LXC 5.0.0 and later): LXC then refuses to start
 * a second copy instead of numbering it.
 *
 * @since 0.1.0
 * @category guards
 */
export const pinsCgroups = (dialect: Dialect): boolean => Result.isSuccess(keyName(dialect, "lxc.cgroup.dir.container"))
