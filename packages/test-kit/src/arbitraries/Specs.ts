/**
 * Specs as people write them: right ones, and such as are nearly right.
 *
 * @since 0.1.0
 */
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import * as Arbitrary from "effect/Arbitrary"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { WrittenSpec } from "../Request.ts"

const between = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))
const matching = (pattern: RegExp) => Schema.String.check(Schema.isPattern(pattern))
const oneOf = <const L extends ReadonlyArray<string | number>>(...values: L) => Schema.Literals(values)
const maybe = Schema.optionalKey
const some = <S extends Schema.Constraint>(item: S) => Schema.Array(item).check(Schema.isMaxLength(3))

const HostPathText = matching(/^(\/[a-zü #"'=:-]{1,9}){1,4}$/)
const NameText = matching(/^[a-z0-9]([a-z0-9-]{0,12}[a-z0-9])?(\.[a-z0-9]{1,9}){0,2}$/)

const WrittenNic = Schema.Struct({
  mode: maybe(oneOf("bridged", "macvlan", "phys")),
  link: matching(/^[a-z][a-z0-9.]{0,9}$/),
  mac: maybe(matching(/^(0[2468ace]|aa|FE)(:[0-9a-fA-F]{2}){5}$/)),
  name: maybe(matching(/^eth[0-9]{1,5}$/)),
  mtu: maybe(between(68, 65_535)),
  addresses: maybe(some(oneOf("10.0.0.5/24", "192.168.7.1/32", "fd00::5/64", "::1/128"))),
  gateway: maybe(Schema.Union([oneOf("10.0.0.1", "fd00::1"), Schema.Tuple([oneOf("10.0.0.1"), oneOf("fd00::1")])]))
})

const WrittenLxc = Schema.Struct({
  ttys: maybe(between(0, 63)),
  ptys: maybe(between(1, 1_048_576)),
  devices: maybe(some(oneOf("c 1:3 rw", "b 8:* r", "c *:* m", "a"))),
  dropCapabilities: maybe(some(oneOf("chown", "sys_time", "kill"))),
  haltSignal: maybe(oneOf("SIGPWR", "SIGRTMIN+3", "SIGTERM")),
  init: maybe(matching(/^\/[a-z#=]{1,8}( [a-z#=ü-]{1,5}){0,3}$/)),
  environment: maybe(Schema.Record(matching(/^[A-Z_][A-Z0-9]{0,6}$/), matching(/^([ -~ü]{0,12}[!-~ü])?$/))),
  mounts: maybe(some(Schema.Struct({
    source: Schema.Union([HostPathText, oneOf("tmpfs")]),
    target: matching(/^mnt[0-9]{1,3}$/),
    options: maybe(some(oneOf("ro", "noexec", "nosuid")))
  }))),
  startupTimeout: maybe(oneOf("500ms", "30s", "2m", "1h", "1.5s")),
  shutdownTimeout: maybe(oneOf("1ms", "60s")),
  settle: maybe(oneOf("500ms", "2s", 0)),
  logLevel: maybe(oneOf("TRACE", "DEBUG", "INFO")),
  logSize: maybe(oneOf("64KiB", "1GiB", 65_536)),
  console: maybe(oneOf("log", "none")),
  seccomp: maybe(oneOf("default", "/etc/profile.seccomp")),
  apparmor: maybe(oneOf("unconfined", "generated", "lxc-container-default-cgns")),
  noNewPrivs: maybe(Schema.Boolean),
  idmap: maybe(Schema.Tuple([oneOf("b 0 100000 65536", "b 0 1000000 10")])),
  extraConfig: maybe(some(oneOf(
    "lxc.prlimit.nofile = 1024:4096", "lxc.arch=x86_64", "lxc.sysctl.net.ipv4.ip_forward = 1", "lxc.time.offset.boot = 12h"
  )))
})

const Written = Schema.Struct({
  name: NameText,
  disks: Schema.Tuple([Schema.Struct({
    path: HostPathText,
    partition: maybe(between(1, 128)),
    fsType: maybe(oneOf("ext4", "xfs", "btrfs")),
    options: maybe(some(oneOf("noatime", "commit=30", "data=ordered"))),
    readOnly: maybe(Schema.Boolean),
    volatile: maybe(Schema.Boolean)
  })]),
  nics: maybe(some(WrittenNic)),
  resources: maybe(Schema.Struct({
    memory: maybe(Schema.Union([between(2 ** 21, 2 ** 40), oneOf("2MiB", "256MiB", "4GiB")])),
    cpuMask: maybe(oneOf("0", "0-2,5", "1,3", 2)),
    cpuWeight: maybe(between(1, 10_000)),
    pids: maybe(between(1, 4_194_304)),
    ioWeight: maybe(between(1, 1_000))
  })),
  lxc: maybe(WrittenLxc),
  autostart: maybe(Schema.Struct({ priority: maybe(between(-1_000, 1_000)), after: maybe(some(NameText)) }))
})

type Written = typeof Written.Type

const firsts = <A>(list: ReadonlyArray<A>, keyOf: (item: A) => ReadonlyArray<string | undefined>): ReadonlyArray<A> =>
  list.filter((item, index) =>
    keyOf(item).every((key, at) => key === undefined || !list.slice(0, index).some((other) => keyOf(other)[at] === key)))

/** No two things of a right spec have what one alone can have. */
const distinct = (spec: Written): Written => ({
  ...spec,
  ...(spec.nics === undefined ? {} : {
    nics: firsts(spec.nics, ({ link, mac, mode, name }) => [mac?.toLowerCase(), name, mode === "phys" ? link : undefined])
  }),
  ...(spec.lxc?.mounts === undefined ? {} : {
    lxc: { ...spec.lxc, mounts: firsts(spec.lxc.mounts, ({ target }) => [target]) }
  }),
  ...(spec.autostart?.after === undefined ? {} : {
    autostart: { ...spec.autostart, after: [...new Set(spec.autostart.after)].filter((name) => name !== spec.name) }
  })
})

/**
 * Specs that `decodeInstance` accepts, as people write them, with every field that there is; shrinks to a name and a disk.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const writtenSpec: Arbitrary.Arbitrary<WrittenSpec> = Arbitrary.map(Arbitrary.schema(Written), (spec) => ({ ...distinct(spec) }))

/**
 * What is made of such specs.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const instance: Arbitrary.Arbitrary<Instance> = Arbitrary.map(writtenSpec, (spec) => Result.getOrThrow(decodeInstance(spec)))

/** What may be wrong with a spec that is right otherwise: the field, and what stands in it. */
const mistakes: ReadonlyArray<readonly [field: string, spoil: (spec: WrittenSpec) => WrittenSpec]> = [
  ["nmae", (spec) => ({ ...spec, nmae: "web1" })],
  ["name", ({ name: _, ...spec }) => spec],
  ["name", (spec) => ({ ...spec, name: "-web1" })],
  ["name", (spec) => ({ ...spec, name: "Web1" })],
  ["name", (spec) => ({ ...spec, name: "web1\n" })],
  ["name", (spec) => ({ ...spec, name: ".." })],
  ["disks", (spec) => ({ ...spec, disks: [] })],
  ["disks[0].path", (spec) => ({ ...spec, disks: [{ path: "/" }] })],
  ["disks[0].path", (spec) => ({ ...spec, disks: [{ path: "srv/a.img" }] })],
  ["disks[0].path", (spec) => ({ ...spec, disks: [{ path: "/srv/../a.img" }] })],
  ["disks[0].options", (spec) => ({ ...spec, disks: [{ path: "/a", readOnly: true, options: ["rw"] }] })],
  ["disks[0].options[0]", (spec) => ({ ...spec, disks: [{ path: "/a", options: ["loop"] }] })],
  ["disks[1].target", (spec) => ({ ...spec, disks: [{ path: "/a" }, { path: "/b" }] })],
  ["nics[0].link", (spec) => ({ ...spec, nics: [{}] })],
  ["nics[0].mac", (spec) => ({ ...spec, nics: [{ link: "br0", mac: "ab:00:00:00:00:01" }] })],
  ["nics[0].link", (spec) => ({ ...spec, nics: [{ link: "a-name-too-long-for-linux" }] })],
  ["resources.memory", (spec) => ({ ...spec, resources: { memory: "1MiB" } })],
  ["resources.memory", (spec) => ({ ...spec, resources: { memory: "256MB" } })],
  ["resources.swap", (spec) => ({ ...spec, resources: { swap: "64MiB" } })],
  ["resources.pids", (spec) => ({ ...spec, resources: { pids: 0 } })],
  ["resources.vcpus", (spec) => ({ ...spec, resources: { vcpus: 2, cpuMask: "0" } })],
  ["lxc.settle", (spec) => ({ ...spec, lxc: { settle: 500 } })],
  ["lxc.init", (spec) => ({ ...spec, lxc: { init: "sbin/init" } })],
  ["lxc.idmapRoot", (spec) => ({ ...spec, lxc: { idmapRoot: "mapped" } })],
  ["lxc.extraConfig[0]", (spec) => ({ ...spec, lxc: { extraConfig: ["lxc.hook.pre-start = /x"] } })],
  ["lxc.mounts[0].source", (spec) => ({ ...spec, lxc: { mounts: [{ source: "/", target: "mnt" }] } })]
]

/**
 * Specs that `decodeInstance` must refuse, each with the one field that is wrong.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const nearMiss: Arbitrary.Arbitrary<{ readonly field: string; readonly spec: WrittenSpec }> = Arbitrary.map(
  Arbitrary.all({ spec: writtenSpec, mistake: Arbitrary.schema(between(0, mistakes.length - 1)) }),
  ({ mistake, spec }) => {
    const [field, spoil] = mistakes[mistake] ?? ["", (right: WrittenSpec) => right]
    return { field, spec: spoil(spec) }
  }
)
