import { assert, describe, it } from "@effect/vitest"
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import type { ContainerFacts, HostFacts } from "@effect-lxc/core/host/HostFacts"
import type { HostSurvey } from "@effect-lxc/core/host/HostSurvey"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import { vethName } from "@effect-lxc/core/model/VethName"
import { bootOrder, reversed } from "@effect-lxc/core/plan/BootOrder"
import { planReboot } from "@effect-lxc/core/plan/RebootPlan"
import { planStart } from "@effect-lxc/core/plan/StartPlan"
import { planCleanup, planKill, planStop } from "@effect-lxc/core/plan/StopPlan"
import { verifyHost } from "@effect-lxc/core/plan/Verification"
import { Facts, SimulatedHost } from "@effect-lxc/test-kit"
import { Result } from "effect"

const directories = defaultDirectories
const empty = SimulatedHost.state({ bridges: ["br0"] })
const few: HostFacts = Facts.factsOf(empty, directories)
const survey: HostSurvey = Facts.surveyOf(empty, directories)

/** Each but the first waits for one before it, spread over all of them. */
const instanceAt = (at: number): Instance =>
  Result.getOrThrow(decodeInstance({
    name: `web${at}`,
    disks: [{ path: `/srv/web${at}.img` }],
    nics: [{ link: "br0" }],
    autostart: { priority: at % 7, after: at === 0 ? [] : [`web${(at * 7919) % at}`] }
  }))

const containerAt = (at: number): ContainerFacts => ({
  name: `web${at}`,
  lxcPath: directories.containers,
  socket: true,
  monitor: { pid: 2 * at + 10, startTime: 1, state: "S" },
  init: { pid: 2 * at + 11, startTime: 1, state: "S" },
  populated: true,
  freezer: "thawed",
  files: ["config", "instance.json", "rootfs"],
  record: instanceAt(at),
  meantToRun: true
})

/** Containers that run, each with all that it has on a host; half of the mounts are below the root of the first. */
const crowd = (size: number) => {
  const all = Array.from({ length: size }, (_, at) => at)
  const mount = (target: string, source: string) => ({ target, source, root: "/", device: "7:0", fsType: "ext4", options: ["rw"] })
  const facts: HostFacts = {
    ...few,
    mounts: [
      ...few.mounts,
      ...all.map((at) => mount(directories.rootfs(`web${at}`), `/dev/loop${at}`)),
      ...all.map((at) => mount(`${directories.rootfs("web0")}/mnt/${at}`, `/dev/sd${at}`))
    ],
    loops: all.map((at) => ({ device: `/dev/loop${at}`, backingFile: `/srv/web${at}.img` })),
    interfaces: [...few.interfaces, ...all.map((at) => ({ name: vethName(`web${at}`, 0), kind: "veth" as const, mtu: 1500 }))],
    containers: all.map(containerAt),
    cgroupDirectories: all.map((at) => ({ name: `lxc.payload.web${at}`, hierarchies: ["/sys/fs/cgroup"], populated: true })),
    paths: all.map((at) => ({ path: `/srv/web${at}.img`, kind: "file", realPath: `/srv/web${at}.img`, inode: `8:${at}` }))
  }
  const wanted = all.map((at) => ({ file: directories.meantToRun(`web${at}`), bootId: few.bootId, instance: instanceAt(at) }))
  return { facts, instances: all.map(instanceAt), survey: { ...survey, wanted } }
}

type Crowd = ReturnType<typeof crowd>

/** The same, of which each look into it is counted. */
const counted = <A extends object>(root: A): { readonly watched: A; readonly looks: () => number } => {
  let looks = 0
  const known = new WeakMap<object, object>()
  const watch = <B extends object>(target: B): B => {
    const found = known.get(target) ?? new Proxy(target, {
      get: (from, key) => {
        looks += 1
        const value: unknown = Reflect.get(from, key)
        return typeof value === "object" && value !== null ? watch(value) : value
      }
    })
    known.set(target, found)
    return found as B // it looks as what it stands before
  }
  return { watched: watch(root), looks: () => looks }
}

const looksOf = (body: (crowd: Crowd) => unknown, size: number): number => {
  const { looks, watched } = counted(crowd(size))
  body(watched)
  return looks()
}

const [first = instanceAt(0), one = instanceAt(1), more = instanceAt(10_000)] = [0, 1, 10_000].map(instanceAt)

const cases: Readonly<Record<string, (crowd: Crowd) => unknown>> = {
  "a plan to start one more": ({ facts }) => Result.getOrThrow(planStart(more, directories, facts)),
  "a plan to stop one": ({ facts }) => Result.getOrThrow(planStop(one.name, directories, facts)),
  "a plan to stop one that has many mounts": ({ facts }) => Result.getOrThrow(planStop(first.name, directories, facts)),
  "a plan to kill one": ({ facts }) => Result.getOrThrow(planKill(one.name, directories, facts)),
  "a plan to clean up after one": ({ facts }) => Result.getOrThrow(planCleanup(one.name, directories, facts)),
  "a plan to reboot one that has many mounts": ({ facts }) => Result.getOrThrow(planReboot(first.name, directories, facts)),
  "what is wrong with a host": ({ facts, survey }) => verifyHost(directories, facts, survey, []),
  "the order of starts and of stops": ({ instances }) => reversed(Result.getOrThrow(bootOrder(instances)))
}

describe("twice as much on a host is twice the work", () => {
  for (const [what, body] of Object.entries(cases)) {
    it(`to find ${what}`, () => {
      const [some, double] = [looksOf(body, 100), looksOf(body, 200)]
      assert.isAbove(some, 100)
      assert.isAtMost(double / some, 2.3)
    })
  }
})
