import { remainsOf } from "@effect-lxc/core/host/Remains"
import type { HostFacts } from "@effect-lxc/core/host/HostFacts"
import { containerResidue, diskResidue, fileResidue } from "@effect-lxc/core/plan/Residue"
import { planStop } from "@effect-lxc/core/plan/StopPlan"
import { Facts, Incidents, type SimulatedState } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { carriedOut, directories, host, instance, startPlan } from "./fixtures.ts"

const web1 = instance()
const started = carriedOut(startPlan(web1, host()), host())
const running = Facts.factsOf(started, directories)
const own = directories.container("web1")
const changed = (facts: HostFacts, container: Partial<HostFacts["containers"][number]>): HostFacts =>
  ({ ...facts, containers: facts.containers.map((each) => ({ ...each, ...container })) })

describe("what is removed of a container", () => {
  it("is in one order, whatever the order in which it was seen", () => {
    const remains = remainsOf(directories, "web1", Facts.factsOf(Incidents.killMonitor("web1")(started), directories))
    const residue = containerResidue({ ...remains, cgroups: [...remains.cgroups].reverse() })
    assert.isAbove(remains.cgroups.length, 1)
    assert.deepStrictEqual(residue, containerResidue(remains))
    const [removal] = residue.flatMap((step) => step._tag === "RemoveCgroups" ? [step] : [])
    assert.deepStrictEqual(removal?.names, ["lxc.monitor.web1", "lxc.payload.web1"])
    const [first, ...others] = remains.cgroups.map((each) => ({ ...each, hierarchies: ["/sys/fs/cgroup/pids", "/sys/fs/cgroup/cpu"] }))
    const twice = containerResidue({ ...remains, cgroups: first === undefined ? [] : [first, ...others] })
    assert.deepStrictEqual(
      twice.flatMap((step) => step._tag === "RemoveCgroups" ? step.hierarchies.map(String) : []),
      ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/pids"]
    )
  })

  it("begins with mounts that may be busy for five seconds, and then the devices", () => {
    const steps = diskResidue(directories, "web1", remainsOf(directories, "web1", running), false)
    assert.deepStrictEqual(steps, [
      { _tag: "Unmount", source: "/dev/loop0", target: directories.rootfs("web1"), timeoutMs: 5_000, detach: true },
      { _tag: "DetachLoop", device: "/dev/loop0", file: "/srv/web1.img" } as typeof steps[number] // paths that the host gave
    ])
  })
})

describe("files that are removed", () => {
  const residue = (facts: HostFacts, name = "web1") => fileResidue(directories, name, remainsOf(directories, name, facts))
  const paths = (facts: HostFacts): ReadonlyArray<string> => residue(facts).map((step) => "path" in step ? `${step._tag} ${step.path}` : step._tag)

  it("are those of this instance under this run directory, not of a namesake", () => {
    assert.deepStrictEqual(residue(changed(running, { lxcPath: "/var/lib/lxc" })), [])
    assert.deepStrictEqual(residue(running, "web2"), [])
  })

  it("go in one order, and what says that it is meant to run where there is such a file", () => {
    const files = ["rootfs", "lower", "disk1", "instance.json", "config"]
    const seen = (meantToRun: boolean, order = files) => paths(changed(running, { files: order, meantToRun }))
    assert.deepStrictEqual(seen(false), [
      `RemoveFile ${own}/config`,
      `RemoveDirectory ${own}/disk1`,
      `RemoveDirectory ${own}/lower`,
      `RemoveDirectory ${own}/rootfs`,
      `RemoveFile ${own}/instance.json`,
      `RemoveDirectory ${own}`,
      `RemoveDirectory ${directories.state}`,
      `RemoveDirectory ${directories.containers}`
    ])
    assert.deepStrictEqual(seen(false, [...files].reverse()), seen(false))
    assert.deepStrictEqual(seen(true).filter((each) => !seen(false).includes(each)), [`RemoveFile ${directories.meantToRun("web1")}`])
  })

  it("leave a directory that is not empty only where somebody else's file is in it", () => {
    const mayStay = (files: ReadonlyArray<string>) =>
      residue(changed(running, { files })).flatMap((step) =>
        step._tag === "RemoveDirectory" && step.path.startsWith(own) && step.ifEmpty ? [step.path] : [])
    assert.deepStrictEqual(mayStay(["rootfs", "config"]), [])
    assert.deepStrictEqual(mayStay(["rootfs", "config", "notes.txt"]).map(String), [own])
  })

  it("are those that a start makes where something mounted over them hides them, and not what is seen on that", () => {
    const covering = (...targets: ReadonlyArray<string>) =>
      targets.reduce((state, target) => Incidents.mountOn(target)(state), started)
    const seen = (state: SimulatedState) => changed(Facts.factsOf(state, directories), { files: ["notes.txt"], meantToRun: false })
    assert.deepStrictEqual(paths(seen(covering(`${own}/disk1`, `${own}/disk1/a`, own))), [
      `RemoveFile ${own}/config`,
      `RemoveFile ${own}/monitor.pid`,
      `RemoveDirectory ${own}/disk1`,
      `RemoveDirectory ${own}/rootfs`,
      `RemoveFile ${own}/instance.json`,
      `RemoveDirectory ${own}`,
      `RemoveDirectory ${directories.state}`,
      `RemoveDirectory ${directories.containers}`
    ])
    const warnings = (state: SimulatedState) => Result.getOrThrow(planStop(web1.name, directories, seen(state))).warnings
    assert.deepStrictEqual(warnings(covering(own)), [])
    assert.lengthOf(warnings(started), 1)
  })
})
