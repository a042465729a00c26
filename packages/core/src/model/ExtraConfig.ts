/**
 * Lines of LXC's configuration that a spec may add.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { refuses } from "./Field.ts"
import { isPrintable } from "./HostText.ts"

/** Keys that stay inside the container; sysctls only of namespaces it has of its own, /proc files only of its init. */
const allowed: ReadonlyArray<RegExp> = [
  /^lxc\.arch$/,
  /^lxc\.autodev(?:\.tmpfs\.size)?$/,
  /^lxc\.environment$/,
  /^lxc\.init\.(?:uid|gid|cwd|groups)$/,
  /^lxc\.keyring\.session$/,
  /^lxc\.mount\.auto$/,
  /^lxc\.no_new_privs$/,
  /^lxc\.prlimit\.[a-z]+$/,
  /^lxc\.proc\.[a-z_]+$/,
  /^lxc\.sched\.core$/,
  /^lxc\.sysctl\.(?:net(?:\.[A-Za-z0-9_-]+)+|fs\.mqueue\.[a-z_]+|kernel\.(?:domainname|sem|shm[a-z_]*|msg[a-z_]*))$/,
  /^lxc\.time\.offset\.(?:boot|monotonic)$/
]

const allowedWords = "lxc.arch, lxc.autodev, lxc.environment, lxc.init.uid/gid/cwd/groups, lxc.keyring.session, " +
  "lxc.mount.auto, lxc.no_new_privs, lxc.prlimit.*, lxc.proc.*, lxc.sched.core, lxc.sysctl.* of net, fs.mqueue and " +
  "System V IPC, lxc.time.offset.*"

/**
 * A line taken apart.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExtraEntry {
  readonly key: string
  readonly value: string
}

/**
 * Takes a line `key = value` apart; fails with the reason where the line is none or its key is not on the list of those
 * that cannot reach outside of the container.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parseExtraLine = (line: string): Result.Result<ExtraEntry, string> => {
  if (line.length > 4096 || !isPrintable(line)) {
    return Result.fail("expected one line of 4096 characters at most, without control characters")
  }
  const [, key, value] = /^ *([^ =]+) *= *([^ ](?:.*[^ ])?) *$/u.exec(line) ?? []
  if (key === undefined || value === undefined) {
    return Result.fail("expected a line such as lxc.prlimit.nofile = 1024")
  }
  if (!allowed.some((pattern) => pattern.test(key))) {
    return Result.fail(`expected one of the keys that may be added (${allowedWords})`)
  }
  return /^(["']).*\1$/u.test(value)
    ? Result.fail("LXC would strip the quotes around the value: leave them out")
    : Result.succeed({ key, value })
}

/**
 * A line `key = value` for LXC's configuration, with one of the allowed keys.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ExtraLine = Schema.String.check(refuses((line) =>
  Result.match(parseExtraLine(line), { onFailure: (reason) => reason, onSuccess: () => undefined })
))
