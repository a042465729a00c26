import { derive } from "@effect-lxc/core/model/Mac"
import { vethName } from "@effect-lxc/core/model/VethName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"

const lab = new RealLab()
const run = (command: string, ...args: ReadonlyArray<string>) =>
  execFileSync(command, args, { encoding: "utf8", timeout: 20_000, stdio: ["ignore", "pipe", "pipe"] })

/** The ends of a pair that stands for an interface of the host; with the lab's prefix, so that its sweep takes it too. */
const near = `${lab.bridge}p0`
const far = `${lab.bridge}p1`

const Links = Schema.fromJsonString(Schema.Array(Schema.Struct({
  ifname: Schema.String,
  address: Schema.optionalKey(Schema.String),
  mtu: Schema.Int,
  flags: Schema.Array(Schema.String),
  master: Schema.optionalKey(Schema.String),
  addr_info: Schema.Array(Schema.Struct({ local: Schema.optionalKey(Schema.String), prefixlen: Schema.Int, scope: Schema.String }))
})))
const readLinks = Schema.decodeUnknownSync(Links)

/** The interfaces that a guest has, seen with the host's own ip(8). */
const linksOf = (name: string) =>
  Effect.map(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.info(name)), ({ initPid }) => {
    const links = readLinks(run("nsenter", "-t", String(initPid), "-n", "ip", "-j", "addr"))
    return { links, routes: run("nsenter", "-t", String(initPid), "-n", "ip", "route") }
  })

const hostLinks = () => readLinks(run("ip", "-j", "addr"))
const quick = { settle: "200ms", shutdownTimeout: "5s" }
const withNics = (short: string, ...nics: ReadonlyArray<object>) => lab.instance(short, "obedient", { nics, lxc: quick })

const makePair = (): void => {
  run("ip", "link", "add", near, "type", "veth", "peer", "name", far)
  run("ip", "link", "set", near, "up")
  run("ip", "link", "set", far, "up")
}

/** After a failed test: what it left must not make the next one fail. */
const again = (): void => {
  lab.reset()
  makePair()
}

/** Runs the body and then asserts that nothing of the lab's is on the host that was not there before. */
const leavingNothing = <A, E>(body: Effect.Effect<A, E, Hypervisor>) =>
  Effect.gen(function*() {
    const before = lab.snapshot()
    const onHost = Effect.provide(body, layer({ directories: lab.directories, lockWaitMs: 2_000 }))
    const result = yield* Effect.tapCause(onHost, () => Effect.sync(again))
    assert.deepStrictEqual(lab.differences(before).filter((line) => line.includes(lab.id)), [])
    return result
  })

describe.runIf(realHost.available)("nics on real LXC", () => {
  beforeAll(() => {
    lab.open()
    makePair()
  })
  afterAll(() => lab.close())

  it.live("a bridged nic has its MAC, name, MTU, addresses and gateway, and a host end with a name of its own in the bridge", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = withNics(
        "bridged",
        { link: lab.bridge, mac: "aa:00:00:12:34:56", name: "lan0", mtu: 1_400, addresses: ["10.77.0.5/24", "fd77::5/64"], gateway: "10.77.0.1" },
        { link: lab.bridge }
      )
      yield* hypervisor.start(instance)
      const { links, routes } = yield* linksOf(instance.name)
      const [lan, second] = links.filter(({ ifname }) => ifname !== "lo")
      assert.deepInclude(lan, { ifname: "lan0", address: "aa:00:00:12:34:56", mtu: 1_400 })
      assert.includeDeepMembers(
        lan?.addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`) ?? [],
        ["10.77.0.5/24", "fd77::5/64"]
      )
      assert.include(routes, "default via 10.77.0.1 dev lan0")
      assert.deepInclude(second, { ifname: "eth0", address: derive(instance.name, 1) })
      for (const index of [0, 1]) {
        const hostEnd = hostLinks().find(({ ifname }) => ifname === vethName(instance.name, index))
        assert.strictEqual(hostEnd?.master, lab.bridge)
        assert.isAtMost(hostEnd?.ifname.length ?? 99, 15)
      }
      yield* hypervisor.stop(instance.name)
      assert.isFalse(hostLinks().some(({ ifname }) => ifname === vethName(instance.name, 0)))
    })))

  it.live("a macvlan hangs on an interface of the host, which stays there", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = withNics("macvlan", { mode: "macvlan", link: near, name: "mv0", addresses: ["10.78.0.5/24"] })
      yield* hypervisor.start(instance)
      const { links } = yield* linksOf(instance.name)
      const [macvlan] = links.filter(({ ifname }) => ifname !== "lo")
      assert.deepInclude(macvlan, { ifname: "mv0", address: derive(instance.name, 0) })
      assert.isTrue(hostLinks().some(({ ifname }) => ifname === near))
      yield* hypervisor.stop(instance.name)
    })))

  it.live("a phys nic is in the guest while that runs, and back under its own name and MAC when it stops", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const mac = hostLinks().find(({ ifname }) => ifname === far)?.address ?? "none"
      const instance = withNics("phys", { mode: "phys", link: far, name: "wan0", addresses: ["10.79.0.5/24"] })
      for (let round = 0; round < 2; round++) {
        yield* hypervisor.start(instance)
        const { links } = yield* linksOf(instance.name)
        assert.deepInclude(links.find(({ ifname }) => ifname === "wan0"), { address: mac })
        assert.isFalse(hostLinks().some(({ ifname }) => ifname === far))
        if (round === 0) yield* hypervisor.stop(instance.name)
        else yield* hypervisor.kill(instance.name)
        assert.deepInclude(hostLinks().find(({ ifname }) => ifname === far), { address: mac })
      }
    })))

  it.live("without nics the guest has lo alone, in a namespace of its own", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = withNics("none")
      yield* hypervisor.start(instance)
      const { links } = yield* linksOf(instance.name)
      assert.deepStrictEqual(links.map(({ ifname }) => ifname), ["lo"])
      const { initPid } = yield* hypervisor.info(instance.name)
      assert.notStrictEqual(fs.readlinkSync(`/proc/${initPid}/ns/net`), fs.readlinkSync("/proc/self/ns/net"))
      yield* hypervisor.stop(instance.name)
    })))

  it.live("what the host cannot give is refused before anything is touched", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const error = yield* Effect.flip(hypervisor.start(withNics(
        "refused",
        { link: lab.bridge, mtu: 9_000 },
        { link: "elt-none" },
        { link: near },
        { mode: "macvlan", link: "elt-none" },
        { mode: "macvlan", link: near, mtu: 9_000 }
      )))
      assert.strictEqual(error._tag, "PlanRejected")
      const codes = error._tag === "PlanRejected" ? error.rejections.map(({ code, field }) => `${field} ${code}`) : []
      assert.deepStrictEqual(codes, [
        "nics[0].mtu mtu-too-large",
        "nics[1].link bridge-missing",
        "nics[2].link not-a-bridge",
        "nics[3].link interface-missing",
        "nics[4].mtu mtu-too-large"
      ])
    })))
})
