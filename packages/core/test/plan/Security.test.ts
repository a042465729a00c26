import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { planStart } from "@effect-lxc/core/plan/StartPlan"
import type { Security } from "@effect-lxc/core/host/HostFacts"
import { Diff } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { carriedOut, directories, factsFor, host, instance, startPlan, stopPlan } from "./fixtures.ts"

const security: Security = {
  appArmor: ["lxc-container-default-cgns"],
  subIds: {
    required: true,
    users: [{ line: "root:100000:65536", root: true, start: 100_000, count: 65_536 }, { line: "ann:200000:1000", root: false, start: 200_000, count: 1_000 }],
    groups: [{ line: "root:100000:65536", root: true, start: 100_000, count: 65_536 }]
  }
}

/** Field and code of each rejection, with its message. */
const refusals = (lxc: object, changes: Partial<Security> = {}) => {
  const given = instance({ lxc })
  const plan = planStart(given, directories, { ...factsFor(host(), given), security: { ...security, ...changes } })
  return Result.isFailure(plan) ? plan.failure.rejections.map(({ code, field, message }) => `${field} ${code}: ${message}`) : []
}

const configOf = (lxc: object): string => {
  const step = startPlan(instance({ lxc }), host()).steps.find((each) => each._tag === "WriteFile" && each.path.endsWith("/config"))
  return step?._tag === "WriteFile" ? step.text : ""
}

describe("an id map", () => {
  it("that makes root of the guest root of the host is warned of", () => {
    const { warnings } = startPlan(instance({ lxc: { idmap: ["b 0 0 65536"] } }), host())
    assert.deepStrictEqual(warnings, ['lxc.idmap[0]: "b 0 0 65536" makes root of the guest root of the host: it is not confined by its ids'])
    assert.deepStrictEqual(startPlan(instance({ lxc: { idmap: ["b 0 100000 65536"] } }), host()).warnings, [])
  })

  it("with lines that overlap is refused, once for each side", () => {
    const decoded = decodeInstance({ name: "a", disks: [{ path: "/a" }], lxc: { idmap: ["b 0 100000 65536", "b 0 100000 65536"] } })
    const problems = Result.isFailure(decoded) ? decoded.failure.problems.map(({ message }) => message) : []
    assert.deepStrictEqual(problems.map((each) => each.replace(/^.* overlap /, "")), ["in the guest", "on the host"])
  })

  it("is written line by line, both kinds for b, and its root alone walks down its run directory", () => {
    assert.include(configOf({ idmap: ["b 0 100000 65536"], idmapRoot: "mapped" }), [
      "lxc.idmap = u 0 100000 65536",
      "lxc.idmap = g 0 100000 65536",
      "lxc.rootfs.options = idmap=container"
    ].join("\n"))
    const given = instance({ lxc: { idmap: ["b 0 100000 65536"] } })
    const plan = startPlan(given, host())
    const modes = plan.steps.flatMap((step) => step._tag === "MakeDirectory" ? [`${step.path} ${step.mode} ${step.group ?? "root"}`] : [])
    assert.include(modes, `${directories.containers} 0711 root`)
    assert.include(modes, `${directories.container("web1")} 0710 100000`)
    const running = carriedOut(plan, host())
    assert.strictEqual(Diff.traces(host(), carriedOut(stopPlan(given, running), running), directories), "")
  })

  it("within what root was given is fine, beyond it is refused where LXC insists", () => {
    assert.deepStrictEqual(refusals({ idmap: ["b 0 100000 65536"] }), [])
    assert.deepStrictEqual(refusals({ idmap: ["u 0 100001 65536", "g 0 100000 1"] }), [
      `lxc.idmap[0] ids-not-given: "u 0 100001 65536" is not within what /etc/subuid gives to root`
    ])
    assert.deepStrictEqual(refusals({ idmap: ["b 0 500000 9"] }, { subIds: { ...security.subIds, required: false } }), [])
  })

  it("over ids of another user is refused, and both lines are named", () => {
    assert.deepStrictEqual(refusals({ idmap: ["u 0 100000 1", "u 1 200999 10", "g 0 100000 1"] }), [
      `lxc.idmap[1] ids-of-another: "u 1 200999 10" overlaps "ann:200000:1000" of /etc/subuid, which are another user's`
    ])
  })
})

describe("AppArmor", () => {
  it("is refused where the host has none, or not this profile; unconfined is always so", () => {
    assert.match(refusals({ apparmor: "x" }, { appArmor: null })[0] ?? "", /apparmor-missing/)
    assert.match(refusals({ apparmor: "x" })[0] ?? "", /apparmor-profile-missing/)
    assert.deepStrictEqual(refusals({ apparmor: "unconfined" }, { appArmor: null }), [])
    assert.deepStrictEqual(refusals({ apparmor: "lxc-container-default-cgns" }), [])
  })
})

describe("a seccomp profile", () => {
  it("is the file that is named, or the one that LXC ships, and must be there", () => {
    assert.deepStrictEqual(refusals({ seccomp: "/srv/web1.img" }), [])
    assert.match(refusals({ seccomp: "default" })[0] ?? "", /lxc.seccomp seccomp-missing: .*common\.seccomp/)
    assert.match(refusals({ seccomp: "/srv" })[0] ?? "", /is not a file/)
  })
})
