import { Arbitrary, Result, Schema } from "effect"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"

/** The instance of a spec that is meant to be right; a refusal fails the test with its message. */
export const instanceOf = (spec: unknown): Instance => Result.getOrThrowWith(decodeInstance(spec), (error) => error)

/** The fields that are refused, each with its message. */
export const problemsIn = (spec: unknown): Record<string, string> => {
  const decoded = decodeInstance(spec)
  const problems = Result.isFailure(decoded) ? decoded.failure.problems : []
  return Object.fromEntries(problems.map(({ message, path }) => [path, message]))
}

export const minimal = { name: "web1.example.com", disks: [{ path: "/srv/images/web1.img" }] }

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

const matching = (pattern: RegExp) => Schema.String.check(Schema.isPattern(pattern))

const maybe = Schema.optionalKey

const WrittenNic = Schema.Struct({
  mode: maybe(Schema.Literals(["bridged", "macvlan", "phys"])),
  link: matching(/^[a-z][a-z0-9.]{0,9}$/),
  mac: maybe(matching(/^(0[2468ace]|aa|FE)(:[0-9a-fA-F]{2}){5}$/)),
  name: maybe(matching(/^eth[0-9]{1,5}$/)),
  mtu: maybe(between(68, 65535)),
  addresses: maybe(Schema.Array(Schema.Literals(["10.0.0.5/24", "192.168.7.1/32", "fd00::5/64", "::1/128"]))),
  gateway: maybe(Schema.Literals(["10.0.0.1", "fd00::1"]))
})

const WrittenLxc = Schema.Struct({
  ttys: maybe(between(0, 63)),
  ptys: maybe(between(1, 4096)),
  devices: maybe(Schema.Array(Schema.Literals(["c 1:3 rw", "b 8:* r", "c *:* m", "a"]))),
  dropCapabilities: maybe(Schema.Array(Schema.Literals(["chown", "sys_time", "kill"]))),
  haltSignal: maybe(Schema.Literals(["SIGPWR", "SIGRTMIN+3", "SIGTERM"])),
  init: maybe(matching(/^\/[a-z#=]{1,8}( [a-z#=ü-]{1,5}){0,3}$/)),
  environment: maybe(Schema.Record(matching(/^[A-Z_][A-Z0-9]{0,6}$/), matching(/^([ -~ü]{0,12}[!-~ü])?$/))),
  startupTimeout: maybe(Schema.Literals(["500ms", "30s", "2m", "1h", "1.5s"])),
  settle: maybe(Schema.Literals(["500ms", "2s", 0])),
  logLevel: maybe(Schema.Literals(["TRACE", "DEBUG", "INFO"])),
  apparmor: maybe(Schema.Literals(["unconfined", "generated", "lxc-container-default-cgns"])),
  extraConfig: maybe(Schema.Array(Schema.Literals([
    "lxc.prlimit.nofile = 1024:4096", "lxc.arch=x86_64", "lxc.sysctl.net.ipv4.ip_forward = 1", "lxc.time.offset.boot = 12h"
  ])))
})

const Written = Schema.Struct({
  name: matching(/^[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?(\.[a-z0-9]{1,9}){0,2}$/),
  disks: Schema.Tuple([Schema.Struct({
    path: matching(/^(\/[a-zü #"'=:-]{1,9}){1,4}$/),
    fsType: maybe(Schema.Literals(["ext4", "xfs", "btrfs"])),
    options: maybe(Schema.Array(Schema.Literals(["noatime", "commit=30", "data=ordered"]))),
    readOnly: maybe(Schema.Boolean)
  })]),
  nics: maybe(Schema.Array(WrittenNic)),
  resources: maybe(Schema.Struct({
    memory: maybe(Schema.Union([between(2 ** 21, 2 ** 40), Schema.Literals(["2MiB", "256MiB", "4GiB"])])),
    cpuMask: maybe(Schema.Literals(["0", "0-2,5", "1,3", 2])),
    cpuWeight: maybe(between(1, 10_000)),
    pids: maybe(between(1, 4_194_304)),
    ioWeight: maybe(between(1, 1000))
  })),
  lxc: maybe(WrittenLxc)
})

type Written = typeof Written.Type

/** No two nics of a right spec have the MAC, the name or the moved link of another. */
const distinct = (spec: Written): Written => {
  const seen = new Set<string>()
  const isFirst = (value: string | undefined): boolean => {
    const first = value === undefined || !seen.has(value)
    seen.add(value ?? "")
    return first
  }
  return spec.nics === undefined ? spec : {
    ...spec,
    nics: spec.nics.filter((nic) =>
      isFirst(nic.mac?.toLowerCase()) && isFirst(nic.name) && isFirst(nic.mode === "phys" ? `link ${nic.link}` : undefined)
    )
  }
}

/** Specs as people write them, all of them right. */
export const writtenSpecs: Arbitrary.Arbitrary<Written> = Arbitrary.map(Arbitrary.schema(Written), distinct)

/** Text that somebody may try: line breaks, NUL, quotes, traversal, options, look-alikes, half characters. */
export const hostileTexts: Arbitrary.Arbitrary<string> = Arbitrary.map(
  Arbitrary.array(
    Arbitrary.schema(Schema.Literals([
      "a", "/", "..", ".", "-", " ", "\n", "\r", "\0", "\t", "\u2028", "\u0085", "\ud800", "'", "\"", "=", "#", "\\", ",", ":",
      "а", "ｗ", "\u202e", "\u00a0", "é", "😀", "lxc.hook.pre-start = /x", "/a", "lxc.arch = a", "1", "x".repeat(300)
    ])),
    { minLength: 0, maxLength: 6 }
  ),
  (parts) => parts.join("")
)
