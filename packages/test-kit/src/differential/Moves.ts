/**
 * Random sequences of requests and happenings, the same from the same seed.
 *
 * What would be undetermined is never generated: each instance has one kind of guest, a wait is either far longer than its
 * guest takes or on a guest that never obeys, and what dies does so long before its settling window ends.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { vethName } from "@effect-lxc/core/model/VethName"
import * as Schema from "effect/Schema"
import { Happening } from "../Happening.ts"
import { Request, type WrittenSpec } from "../Request.ts"
import { type Actor, actorNames, actors, archives, fileIn, imports, nameIn, type Setting } from "./Setting.ts"

/**
 * @since 0.1.0
 * @category models
 */
export const Move = Schema.Union([Request, Happening])

/**
 * @since 0.1.0
 * @category models
 */
export type Move = typeof Move.Type

/**
 * Parts of specs that a smaller sequence does without.
 *
 * @since 0.1.0
 * @category models
 */
export const Part = Schema.Literals(["nics", "resources", "lxc", "disks"])

/**
 * @since 0.1.0
 * @category models
 */
export type Part = typeof Part.Type

/** Numbers from 0 up to 1. */
type Random = () => number

/** splitmix32: small, and good enough for choosing. */
const randomFrom = (seed: number): Random => {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32
  }
}

const pick = <A>(random: Random, from: readonly [A, ...ReadonlyArray<A>] | ReadonlyArray<A>): A =>
  from[Math.floor(random() * from.length)] as A // an index below the length; the lists here are never empty

const chance = (random: Random, percent: number): boolean => random() * 100 < percent

const nicsOf = (random: Random, { bridge }: Setting) => {
  if (chance(random, 60)) return []
  const link = chance(random, 5) ? "no-bridge" : bridge
  return chance(random, 70) ? [{ link }] : [{ link, mtu: 1_400 }, { link: bridge }]
}

const resourcesOf = (random: Random) => ({
  ...(chance(random, 25) ? { memory: pick(random, ["32MiB", "64MiB"]), ...(chance(random, 50) ? { swap: "16MiB" } : {}) } : {}),
  ...(chance(random, 20) ? { pids: pick(random, [50, 100]) } : {}),
  ...(chance(random, 20) ? { cpuWeight: pick(random, [50, 100, 1_000]) } : {}),
  ...(chance(random, 10) ? { vcpus: 0.5 } : chance(random, 10) ? { cpuMask: pick(random, ["0", "0-1", "999"]) } : {})
})

const disksOf = (random: Random, setting: Setting, actor: Actor) => {
  const path = fileIn(setting, pick(random, actors[actor].disks))
  const root = chance(random, 10) ? { path, volatile: true } : { path }
  return { root, further: chance(random, 10) ? [{ path: fileIn(setting, "data.img"), target: pick(random, ["mnt", "mnt", "nowhere"]) }] : [] }
}

const lxcOf = (random: Random, setting: Setting, actor: Actor) => ({
  ...(chance(random, 25) ? { dropCapabilities: [] } : {}),
  ...(chance(random, 8)
    ? { mounts: [{ source: fileIn(setting, "shared"), target: pick(random, ["mnt", "mnt", "nowhere"]) }] }
    : {}),
  // What dies at once ends its wait by that.
  settle: actor === "ill" ? "5s" : pick(random, ["0ms", "20ms"])
})

const specOf = (random: Random, setting: Setting, actor: Actor, without: ReadonlyArray<Part>): WrittenSpec => {
  const { further, root } = disksOf(random, setting, actor)
  const nics = nicsOf(random, setting)
  const resources = resourcesOf(random)
  const lxc = lxcOf(random, setting, actor)
  const wrong = chance(random, 2) ? { nic: [] } : {}
  return {
    name: nameIn(setting, actor),
    disks: without.includes("disks") ? [{ path: root.path }] : [root, ...further],
    ...(without.includes("nics") || nics.length === 0 ? {} : { nics }),
    ...(without.includes("resources") || Object.keys(resources).length === 0 ? {} : { resources }),
    lxc: without.includes("lxc") ? { settle: lxc.settle } : lxc,
    ...wrong
  }
}

const mebibyte = 1024 * 1024

const wantedOf = (random: Random) => ({
  ...(chance(random, 50) ? { memory: pick(random, [16, 48, 96]) * mebibyte } : { pids: pick(random, [40, 200]) }),
  ...(chance(random, 30) ? { cpuWeight: pick(random, [10, 500]) } : {}),
  ...(chance(random, 10) ? { vcpus: pick(random, [0.25, 2]) } : {}),
  ...(chance(random, 10) ? { swap: 8 * mebibyte } : {})
})

type Maker = (random: Random, setting: Setting, actor: Actor, without: ReadonlyArray<Part>) => Move

const named = <Tag extends Move["_tag"]>(_tag: Tag) => (_: Random, setting: Setting, actor: Actor) => ({ _tag, name: nameIn(setting, actor) })

const stopMs = (random: Random, actor: Actor): number => pick(random, actors[actor].stopMs)

const requests: ReadonlyArray<readonly [weight: number, Maker]> = [
  [28, (random, setting, actor, without) => ({ _tag: "Start", spec: specOf(random, setting, actor, without) })],
  [10, named("Kill")],
  [8, (random, setting, actor) => ({ _tag: "Stop", name: nameIn(setting, actor), timeoutMs: stopMs(random, actor), force: chance(random, 50) })],
  [4, (random, setting, actor) => ({ _tag: "Reboot", name: nameIn(setting, actor), timeoutMs: stopMs(random, actor), force: chance(random, 50) })],
  [1, (random, setting, actor, without) => ({
    _tag: "Reboot",
    name: nameIn(setting, actor),
    spec: specOf(random, setting, actor, without),
    timeoutMs: stopMs(random, actor),
    force: true
  })],
  // SIGINT ends a deaf guest whose shell has not come to its exec yet, and nobody can tell from outside: the calm one is asked.
  [2, (random, setting, asked) => {
    const actor = asked === "deaf" ? "calm" : asked
    return { _tag: "RebootInPlace", name: nameIn(setting, actor), timeoutMs: Math.max(1, stopMs(random, actor)) }
  }],
  [5, named("Freeze")],
  [5, named("Thaw")],
  [5, (random, setting, actor) => ({ _tag: "Resize", name: nameIn(setting, actor), wanted: wantedOf(random) })],
  [2, (random, setting, actor) => ({
    _tag: "Export",
    name: nameIn(setting, actor),
    archive: fileIn(setting, pick(random, archives)),
    spec: { name: nameIn(setting, actor), disks: [{ path: fileIn(setting, pick(random, actors[actor].disks)) }] },
    stop: chance(random, 50),
    timeoutMs: stopMs(random, actor),
    force: chance(random, 70)
  })],
  [1, (random, setting, actor) => ({
    _tag: "Import",
    archive: fileIn(setting, pick(random, archives)),
    name: nameIn(setting, actor),
    images: fileIn(setting, imports),
    // Only what an actor is known for is started, so that each has one kind of guest.
    start: false
  })],
  [4, named("Cleanup")],
  [2, () => ({ _tag: "CleanupAll" })],
  [2, () => ({ _tag: "Recover" })]
]

/** Places where somebody else may put, mount or hold something. */
const placeOf = (random: Random, { directories }: Setting, name: string): HostPath => {
  const own = directories.container(name)
  return HostPath.make(pick(random, [own, `${own}/rootfs`, `${own}/rootfs`, `${own}/disk1`, `${own}/strange`]))
}

const mountPointOf = (random: Random, { directories }: Setting, name: string): HostPath => {
  const own = directories.container(name)
  return HostPath.make(pick(random, [`${own}/rootfs`, `${own}/rootfs`, `${own}/rootfs/mnt`, `${own}/strange`]))
}

const fileOf = (random: Random, { directories }: Setting, name: string): HostPath => {
  const own = directories.container(name)
  return HostPath.make(pick(random, [`${own}/config`, `${own}/instance.json`, `${own}/strange`, `${own}/monitor.pid`, directories.meantToRun(name)]))
}

const rootOf = (_: Random, { directories }: Setting, name: string): HostPath => HostPath.make(directories.rootfs(name))

const at = <Tag extends Move["_tag"]>(_tag: Tag, path: typeof placeOf) => (random: Random, setting: Setting, actor: Actor) => ({
  _tag,
  path: path(random, setting, nameIn(setting, actor))
})

const happenings: ReadonlyArray<readonly [weight: number, Maker]> = [
  [4, named("KillMonitor")],
  [4, named("KillInit")],
  [3, named("StopMonitor")],
  [4, named("ContinueMonitor")],
  [3, (_, setting, actor) => ({ _tag: "ExitInit", name: nameIn(setting, actor), code: 7 })],
  // Of the others none hears what it is told.
  [2, (random, setting) => ({ _tag: "PowerOff", name: nameIn(setting, pick(random, ["calm", "rival"])) })],
  [2, named("FreezeContainer")],
  [2, named("ThawContainer")],
  [2, named("OutOfMemory")],
  // Whoever holds a root costs each operation that would unmount it five seconds.
  [0.3, at("Occupy", rootOf)],
  [3, at("Release", rootOf)],
  [2, at("MountTmpfs", mountPointOf)],
  [2, at("UnmountPath", mountPointOf)],
  [2, (random, setting, actor) => ({ _tag: "PutFile", path: fileOf(random, setting, nameIn(setting, actor)), text: "strange" })],
  [2, at("PutDirectory", placeOf)],
  [2, at("RemovePath", fileOf)],
  [2, (random, setting, actor) => ({ _tag: "LeaveCgroup", group: `lxc.${pick(random, ["payload", "monitor"])}.${nameIn(setting, actor)}` })],
  [1, (_, setting, actor) => ({ _tag: "LeaveInterface", interface: vethName(nameIn(setting, actor), 0) })]
]

const makers = [...requests, ...happenings]
const total = makers.reduce((sum, [weight]) => sum + weight, 0)

const chosen = (random: Random): Maker => {
  let left = random() * total
  for (const [weight, maker] of makers) {
    left -= weight
    if (left < 0) return maker
  }
  return named("Kill")
}

/**
 * A sequence by its seed, and what was left of it by shrinking: the moves that are kept, and the parts of specs that are
 * not needed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Trail {
  readonly seed: number
  readonly length: number
  /** Indices in order; undefined: all. */
  readonly kept?: ReadonlyArray<number> | undefined
  readonly without: ReadonlyArray<Part>
}

/**
 * The moves of a trail in a setting. Each move depends on the seed and its own index alone.
 *
 * @since 0.1.0
 * @category generators
 */
export const movesOf = ({ kept, length, seed, without }: Trail, setting: Setting): ReadonlyArray<Move> =>
  (kept ?? Array.from({ length }, (_, index) => index)).map((index) => {
    const random = randomFrom(Math.imul(seed, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35))
    const maker = chosen(random)
    // The first instances get most of the attention, so that something happens to them.
    const actor = pick(random, ["calm", "calm", "calm", ...actorNames] as const)
    return maker(random, setting, actor, without)
  })

/**
 * A trail as a short word for a command line: `17:40`, or `17:40:3.7.9:nics.lxc` when it was shrunk.
 *
 * @since 0.1.0
 * @category rendering
 */
export const tokenOf = ({ kept, length, seed, without }: Trail): string =>
  [seed, length, ...(kept === undefined ? [] : [kept.join(".")]), ...(without.length === 0 ? [] : [without.join(".")])].join(":")

const isPart = Schema.is(Part)

/**
 * The trail of a token; undefined where the text is none.
 *
 * @since 0.1.0
 * @category decoding
 */
export const trailOf = (token: string): Trail | undefined => {
  const [, seed, length, kept, without] = /^(\d+):(\d+)(?::(\d+(?:\.\d+)*))?(?::([a-z]+(?:\.[a-z]+)*))?$/.exec(token) ?? []
  if (seed === undefined || length === undefined) return undefined
  return {
    seed: Number(seed),
    length: Number(length),
    kept: kept?.split(".").map(Number),
    without: without?.split(".").filter(isPart) ?? []
  }
}
