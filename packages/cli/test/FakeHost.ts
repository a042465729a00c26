import type { ContainerFacts, HostFacts } from "@effect-lxc/core/host/HostFacts"
import { decodeHostFacts } from "@effect-lxc/core/host/HostFacts"
import type { Step } from "@effect-lxc/core/plan/Step"
import { Host, HostError } from "@effect-lxc/core/runtime/Host"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Journal } from "@effect-lxc/core/runtime/Journal"
import { LockHeld, Locks } from "@effect-lxc/core/runtime/Locks"
import { Sessions } from "@effect-lxc/core/runtime/Sessions"
import { Effect, Layer, Result, Stream } from "effect"
import type { MakeHypervisor } from "effect-lxc/Hypervisors"

/** A host of a few written facts: what the command line says of it can be foreseen to the letter. */
export interface FakeHost {
  facts: HostFacts
  /** What happens at a step; nothing, where it is not said. */
  apply: (step: Step) => Effect.Effect<string | undefined, HostError>
  locked: boolean
  /** How often it was looked at. */
  looks: number
  readonly applied: Array<string>
  /** Run directories in which the locks of those who died were cleared away. */
  readonly cleared: Array<string>
}

const image = "/srv/images/web1.img"

/** LXC 5.0.2 on cgroup v2, the bridge br0 and the image of the example. */
export const writtenFacts = {
  lxcVersion: "5.0.2",
  kernel: "6.1.0",
  bootId: "0f7e8a39-7c5b-4f5c-9d2e-111111111111",
  cgroups: {
    layout: "v2",
    hierarchies: [{ mountPoint: "/sys/fs/cgroup", version: 2, controllers: ["cpu", "memory", "pids"] }],
    swapAccounting: true,
    ioWeightFile: null
  },
  interfaces: [{ name: "br0", kind: "bridge", mtu: 1500 }],
  paths: [{ path: image, kind: "file", realPath: image }]
}

export const makeFakeHost = (): FakeHost => ({
  facts: Result.getOrThrow(decodeHostFacts(writtenFacts, "facts")),
  apply: (step) => Effect.succeed(step._tag === "AttachLoop" ? "/dev/loop7" : undefined),
  locked: false,
  looks: 0,
  applied: [],
  cleared: []
})

export const running = (name: string, lxcPath: string): ContainerFacts => ({
  name,
  lxcPath,
  socket: true,
  monitor: { pid: 4000, startTime: 10, state: "S" },
  init: { pid: 4242, startTime: 20, state: "S" },
  populated: true,
  freezer: "thawed",
  files: ["config", "instance.json", "rootfs"],
  record: null,
  meantToRun: true
})

const hostLayer = (fake: FakeHost) =>
  Layer.succeed(Host, {
    facts: () => Effect.sync(() => (fake.looks += 1, fake.facts)),
    containers: ({ all, directories, name }) =>
      Effect.sync(() => {
        fake.looks += 1
        return fake.facts.containers
          .filter((each) => all === true || each.lxcPath === directories.containers)
          .filter((each) => name === undefined || each.name === name)
      }),
    names: () => Effect.succeed([]),
    usage: ({ containers }) =>
      Effect.succeed(containers.map(() => Result.succeed({
        memory: {
          limitBytes: 268_435_456,
          usageBytes: 12_582_912,
          peakBytes: 13_631_488,
          swapLimitBytes: null,
          swapUsageBytes: 0,
          oomKills: 0
        },
        cpu: { count: 1, usageSeconds: 0.5, set: "0-3", weight: 100, quota: 1 },
        pids: { current: 3, limit: null },
        io: { readBytes: 4_096, writtenBytes: 0 },
        interfaces: [
          { name: "eth0", hostName: "el0123456789n0", receivedBytes: 1_048_576, sentBytes: 0, addresses: ["10.0.0.5/24"] }
        ],
        root: {
          source: "/dev/loop7",
          backingFile: "/srv/web1.img",
          fsType: "ext4",
          sizeBytes: 67_108_864,
          usedBytes: 8_388_608
        },
        startedAt: "2026-11-22T12:00:00.000Z",
        uptimeSeconds: 61.5
      }))),
    paths: () => Effect.succeed([]),
    exportHead: () => Effect.fail(conflict("there is no export")),
    survey: () =>
      Effect.succeed({
        memory: { totalBytes: 8 * 2 ** 30, availableBytes: 6 * 2 ** 30 },
        cpus: 4,
        numaNodes: 1,
        sockets: 1,
        root: true,
        tools: [{ name: "ip", path: null }],
        namespaces: ["mnt", "uts", "ipc", "pid", "net", "user", "cgroup"],
        loopControl: true,
        directories: [],
        wanted: []
      }),
    observe: () => Effect.succeed({ done: false }),
    apply: (step) => Effect.andThen(Effect.sync(() => fake.applied.push(step._tag)), fake.apply(step))
  })

const journalLayer = Layer.succeed(Journal, {
  open: () => Effect.succeed({ append: () => Effect.void, remove: Effect.void }),
  read: () => Effect.succeed([]),
  discard: () => Effect.void,
  list: () => Effect.succeed([])
})

const locksLayer = (fake: FakeHost) =>
  Layer.succeed(Locks, {
    holder: () => Effect.succeed(fake.locked ? "pid 77" : undefined),
    clear: ({ run }) => Effect.sync(() => void fake.cleared.push(run)),
    acquire: (_directories, instance, _operation, waitedMs) =>
      fake.locked ? Effect.fail(new LockHeld({ instance, holder: "pid 77 \u001b[31m", waitedMs })) : Effect.succeed((body) => body)
  })

const sessionsLayer = Layer.succeed(Sessions, {
  attach: () => Effect.die("nothing can be run on written facts"),
  log: () => Stream.die("written facts have no logs"),
  changes: () => Effect.succeed(Effect.never)
})

export const hypervisorOf = (fake: FakeHost): MakeHypervisor => (options) =>
  Hypervisor.layer(options).pipe(Layer.provide([hostLayer(fake), journalLayer, locksLayer(fake), sessionsLayer]))

export const conflict = (found: string) => new HostError({ problem: { _tag: "Conflict", found, advice: "move it" } })
