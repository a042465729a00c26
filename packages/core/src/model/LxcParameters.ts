/**
 * How LXC is to run an instance.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Capability } from "./Capability.ts"
import { ExtraLine } from "./ExtraConfig.ts"
import { ExtraMount } from "./ExtraMount.ts"
import {
  defaultsTo,
  matches,
  parsed,
  refuses,
  satisfies,
  wholeNumber
} from "./Field.ts"
import { HostPath } from "./HostPath.ts"
import { isPrintable } from "./HostText.ts"
import { IdMap } from "./IdMap.ts"
import { MemorySize } from "./MemorySize.ts"
import { Milliseconds } from "./Milliseconds.ts"
import { SignalName } from "./Signal.ts"

/**
 * The devices a guest may use unless its spec says otherwise: null, zero, full, random, urandom, tty, console, ptmx and
 * the pseudo-terminals, read and write.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultDevices: ReadonlyArray<string> = [
  "c 1:3 rw", "c 1:5 rw", "c 1:7 rw", "c 1:8 rw", "c 1:9 rw", "c 1:10 rw", "c 5:0 rw", "c 5:1 rw", "c 5:2 rw", "c 136:* rw"
]

/**
 * The capabilities a guest does without unless its spec says otherwise.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultDropCapabilities: ReadonlyArray<Capability> = ["mac_override", "sys_boot", "sys_module", "sys_time"]

const DeviceRule = Schema.String.check(matches(
  "a device rule such as c 1:3 rw or b 8:* r, or a for all devices",
  /^(?:a|[bc] (?:[0-9]{1,4}|\*):(?:[0-9]{1,7}|\*) (?!.*(.).*\1)[rwm]{1,3})$/
))

/** The kernel takes a single argument of 128 KiB at most; nobody means a line that is as long as a page. */
const longestLine = 4096

const isLine = (text: string): boolean => text.length <= longestLine && isPrintable(text)

const Init = Schema.String.check(
  satisfies(
    `an absolute path in the guest, with arguments if need be, ${longestLine} characters at most`,
    (text: string) => isLine(text) && /^\/.*[^ ]$/u.test(text)
  ),
  refuses((text) => /["'\\]/.test(text) ? "has quotes or backslashes, which LXC does not understand here" : undefined)
)

const AppArmorProfile = Schema.String.check(satisfies(
  "the name of an AppArmor profile such as unconfined or generated",
  (text: string) => /^[A-Za-z0-9_.:/&@+-]{1,255}$/.test(text) && !text.startsWith("-")
))

const Environment = Schema.Record(Schema.String, Schema.String).check(Schema.makeFilter((variables) =>
  Object.entries(variables).flatMap(([name, value]): ReadonlyArray<Schema.FilterIssue> => {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name) || name === "__proto__") {
      return [{ path: [name], issue: "is not the name of a variable: letters, digits and underscores" }]
    }
    if (value.length > longestLine) return [{ path: [name], issue: `is longer than ${longestLine} characters` }]
    return value === "" || isPrintable(value) && !value.endsWith(" ")
      ? []
      : [{ path: [name], issue: "has a control character, a line break or a blank at the end, which LXC cannot keep" }]
  })
))

const Wait = Milliseconds.check(refuses((ms) => ms === 0 ? "must be longer than nothing" : undefined))

const LogLevel = Schema.Literals(["TRACE", "DEBUG", "INFO"]).annotate({
  expected: "TRACE, DEBUG or INFO (at a coarser level LXC does not log how init ended, which error reports need)"
})

const LogSize = MemorySize.check(satisfies(
  "a size from 64KiB to 1GiB",
  (bytes: number) => bytes >= 65_536 && bytes <= 1_073_741_824
))

/** Where LXC keeps the profile that it ships. */
const shippedSeccomp = "/usr/share/lxc/config/common.seccomp"

const isHostPath = Schema.is(HostPath)

const Seccomp = Schema.String.check(satisfies(
  "an absolute path of a seccomp profile, or default for the one that LXC ships",
  (text: string) => text === "default" || isHostPath(text),
  { pattern: "^(/|default$)" }
))

const fields = {
  ttys: defaultsTo(Schema.Finite.check(wholeNumber(0, 63)), 6),
  ptys: defaultsTo(Schema.Finite.check(wholeNumber(1, 1_048_576)), 255),
  devices: defaultsTo(Schema.Array(DeviceRule), defaultDevices),
  dropCapabilities: Schema.optionalKey(Schema.Array(Capability)),
  keepCapabilities: Schema.optionalKey(Schema.Array(Capability)),
  haltSignal: Schema.optionalKey(SignalName),
  init: Schema.optionalKey(Init),
  mounts: defaultsTo(Schema.Array(ExtraMount).check(satisfies("a hundred mounts at most", (mounts) => mounts.length <= 100, { maxItems: 100 })), []),
  environment: defaultsTo(Environment, {}),
  startupTimeout: defaultsTo(Wait, 30_000),
  shutdownTimeout: defaultsTo(Wait, 60_000),
  settle: defaultsTo(Milliseconds, 500),
  logLevel: defaultsTo(LogLevel, "INFO"),
  logSize: defaultsTo(LogSize, 1_048_576),
  console: defaultsTo(Schema.Literals(["log", "none"]), "log"),
  seccomp: Schema.optionalKey(Seccomp),
  apparmor: Schema.optionalKey(AppArmorProfile),
  noNewPrivs: Schema.optionalKey(Schema.Boolean),
  idmap: defaultsTo(IdMap, []),
  idmapRoot: Schema.optionalKey(Schema.Literals(["shifted", "mapped"])),
  extraConfig: defaultsTo(Schema.Array(ExtraLine), [])
}

const Written = Schema.Struct(fields).check(Schema.makeFilter(({ dropCapabilities = [], idmap, idmapRoot, keepCapabilities }) => {
  if (idmapRoot !== undefined && idmap.length === 0) {
    return { path: ["idmapRoot"], issue: "needs idmap" }
  }
  if (keepCapabilities?.length === 0) {
    return { path: ["keepCapabilities"], issue: "names no capability; leave it out, or name those to keep" }
  }
  return keepCapabilities !== undefined && dropCapabilities.length > 0
    ? { path: ["keepCapabilities"], issue: "and dropCapabilities exclude each other: give one" }
    : undefined
}))

/**
 * The parameters of LXC, each with its default; times in milliseconds. `dropCapabilities` is empty where
 * `keepCapabilities` is given; `haltSignal` left out means the one that the guest's init understands (SIGPWR or, for
 * systemd, SIGRTMIN+3); `init` left out means /sbin/init; `devices: [a]` allows every device. With an
 * `idmap` the guest is unprivileged; `idmapRoot` says whose the files of its root are: `shifted` (the default) to the
 * host's ids already, `mapped` to root and others as in any image, which LXC 5.0 and later maps while it mounts.
 *
 * @since 0.1.0
 * @category schemas
 */
export const LxcParameters = parsed({
  from: Written,
  to: Schema.toType(Schema.Struct({ ...fields, dropCapabilities: Schema.Array(Capability) })),
  decode: (written) =>
    Result.succeed({
      ...written,
      dropCapabilities: written.dropCapabilities ?? (written.keepCapabilities === undefined ? defaultDropCapabilities : [])
    }),
  encode: (parameters) => parameters
})

/**
 * @since 0.1.0
 * @category models
 */
export type LxcParameters = typeof LxcParameters.Type

/**
 * What a spec gets that says nothing about LXC.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultLxcParameters: LxcParameters = Schema.decodeSync(LxcParameters)({})

/**
 * The path of the seccomp profile, if any.
 *
 * @since 0.1.0
 * @category accessors
 */
export const seccompProfile = ({ seccomp }: Pick<LxcParameters, "seccomp">): string | undefined =>
  seccomp === "default" ? shippedSeccomp : seccomp
