import { Directories } from "@effect-lxc/core/host/Directories"
import { decodeHostFacts } from "@effect-lxc/core/host/HostFacts"
import { remainsOf } from "@effect-lxc/core/host/Remains"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { undo } from "@effect-lxc/core/plan/Rollback"
import { planStart } from "@effect-lxc/core/plan/StartPlan"
import { Diff, Guest, type HostOptions, Incidents } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { carriedOut, directories, factsFor, host, instance, rejectionOf, startPlan, stopPlan, tags } from "./fixtures.ts"

const more: HostOptions = {
  images: { "/srv/data.img": Guest.obedient(), "/dev/sdb": Guest.obedient(), "/srv/dir/": Guest.obedient(), "/srv/web1.img": Guest.obedient() },
  partitions: { "/srv/parted.img": [Guest.blank(), Guest.obedient(), Guest.obedient()] },
  links: { "/dev/disk-by-id": "/dev/sdb" }
}
const root = { path: "/srv/web1.img" }
const withDisks = (...disks: ReadonlyArray<object>) => instance({ disks })
const traces = (given: ReturnType<typeof instance>, state = host(more)) => {
  const running = carriedOut(startPlan(given, state), state)
  return Diff.traces(state, carriedOut(stopPlan(given, running, { force: true, timeoutMs: 0 }), running), directories)
}
const describeMounts = (given: ReturnType<typeof instance>) =>
  startPlan(given, host(more)).steps.flatMap((step) =>
    step._tag === "Mount" ? [`${step.source} ${step.target.replace(`${directories.container("web1")}/`, "")} ${step.options.join(",")}`] : []
  )

describe("further disks", () => {
  const three = withDisks(
    root,
    { path: "/srv/data.img", target: "srv/data", readOnly: true },
    { path: "/dev/disk-by-id", target: "srv/block" },
    { path: "/srv/dir", target: "home" }
  )

  it("are mounted beside the root, and brought inside by LXC", () => {
    assert.deepStrictEqual(describeMounts(three), [
      "$root rootfs ", "$disk1 disk1 ro", "/dev/sdb disk2 ", "/srv/dir disk3 bind"
    ])
    const config = startPlan(three, host(more)).steps.find((step) => step._tag === "WriteFile" && step.path.endsWith("/config"))
    const own = directories.container("web1")
    assert.include(config?._tag === "WriteFile" ? config.text : "", [
      `lxc.mount.entry = ${own}/disk1 srv/data none bind,ro 0 0`,
      `lxc.mount.entry = ${own}/disk2 srv/block none bind 0 0`,
      `lxc.mount.entry = ${own}/disk3 home none bind 0 0`
    ].join("\n"))
  })

  it("leave no trace when the instance stops", () => {
    assert.strictEqual(traces(three), "")
  })

  it("fail the start where the guest lacks the place, and leave no trace", () => {
    const state = host({ ...more, images: { ...more.images, "/srv/web1.img": Guest.obedient({ lacks: ["srv/data"] }) } })
    const plan = startPlan(withDisks(root, { path: "/srv/data.img", target: "srv/data" }), state)
    assert.throws(() => carriedOut(plan, state), /Failed to mount/)
  })

  it("of another instance that runs are refused, whatever name they have here, and the instance is named", () => {
    const running = carriedOut(startPlan(three, host(more)), host(more))
    const refusals = (disk: object) => {
      const thief = instance({ name: "thief", disks: [{ path: "/srv/parted.img", partition: 2 }, { ...disk, target: "x" }], nics: [] })
      const plan = planStart(thief, directories, factsFor(running, thief))
      return Result.isFailure(plan) ? plan.failure.message : "none"
    }
    for (const path of ["/srv/data.img", "/dev/sdb", "/dev/disk-by-id", "/srv/dir"]) {
      assert.include(refusals({ path }), `disks[1].path: ${path} is the disk of web1, which is running`)
    }
    assert.strictEqual(refusals({ path: "/srv/parted.img", partition: 3 }), "none")
  })

  it("are refused where they are mounted elsewhere, named twice, or missing: all at once, each by its place", () => {
    const state = Incidents.mountOn("/mnt", "/dev/sdb")(host(more))
    assert.deepStrictEqual(
      rejectionOf(withDisks(root, { path: "/dev/disk-by-id", target: "a" }, { ...root, target: "b" }, { path: "/nothing", target: "c" }), state),
      ["disks[1].path: disk-in-use", "disks[2].path: disk-twice", "disks[3].path: disk-missing"]
    )
  })

  it("are mounted anew where the root is still mounted from an earlier run", () => {
    const state = host(more)
    const killed = Incidents.killMonitor("web1")(carriedOut(startPlan(three, state), state))
    const plan = startPlan(three, killed)
    assert.deepStrictEqual(tags(plan).slice(0, 4), ["Unmount", "Unmount", "Unmount", "DetachLoop"])
    assert.strictEqual(carriedOut(plan, killed).mounts.filter(({ target }) => target.startsWith(directories.container("web1"))).length, 4)
  })
})

describe("a partition", () => {
  const parted = (partition: number) => withDisks({ path: "/srv/parted.img", partition })

  it("of an image is a loop device over its part", () => {
    const attach = startPlan(parted(2), host(more)).steps.find((step) => step._tag === "AttachLoop")
    assert.deepInclude(attach === undefined ? undefined : undo(attach)[0], { _tag: "DetachLoop", offset: 17 * 1024 * 1024 })
    assert.deepInclude(attach, { file: HostPath.make("/srv/parted.img"), offset: 17 * 1024 * 1024, sizeLimit: 16 * 1024 * 1024 })
    assert.strictEqual(traces(parted(2)), "")
  })

  it("that the kernel knows is the kernel's own device", () => {
    const given = withDisks({ path: "/dev/sdb", partition: 1 })
    const facts = factsFor(host(more), given)
    const node = { path: "/dev/sdb1", device: "8:17" }
    const paths = facts.paths.map((each) => ({ ...each, partitions: [{ number: 1, start: 1_048_576, size: 1_048_576, node }] }))
    const plan = Result.getOrThrow(planStart(given, directories, { ...facts, paths }))
    assert.isTrue(plan.steps.some((step) => step._tag === "Mount" && step.source === "/dev/sdb1"))
  })

  it("is refused where there is none, no table, no disk, or no knowledge", () => {
    assert.deepStrictEqual(rejectionOf(parted(4), host(more)), ["disks[0].partition: partition-missing"])
    assert.deepStrictEqual(rejectionOf(withDisks({ ...root, partition: 1 }), host(more)), ["disks[0].partition: partition-table-missing"])
    assert.deepStrictEqual(rejectionOf(withDisks({ path: "/srv/dir", partition: 1 }), host(more)), ["disks[0].partition: partition-of-directory"])
    const blind = planStart(parted(1), directories, { ...factsFor(host(more), parted(1)), paths: [] })
    assert.isTrue(Result.isFailure(blind) && blind.failure.rejections[0]?.code === "partition-unknown")
  })

  it("may be one of several of an image, but not beside the whole of it", () => {
    const two = withDisks({ path: "/srv/parted.img", partition: 2 }, { path: "/srv/parted.img", partition: 3, target: "a" })
    assert.strictEqual(traces(two), "")
    const both = withDisks({ path: "/srv/parted.img", partition: 2 }, { path: "/srv/parted.img", target: "a" })
    assert.deepStrictEqual(rejectionOf(both, host(more)), ["disks[1].path: disk-twice"])
  })

  it("is left alone by who has another one of that image, also while nothing is mounted from it", () => {
    const start = 17 * 1024 * 1024
    const size = 16 * 1024 * 1024
    const neighbour = (offset: number) => ({ device: "/dev/loop7", backingFile: "/srv/parted.img", offset, sizeLimit: size, readOnly: false, autoclear: false })
    const given = parted(2)
    const running = carriedOut(startPlan(given, host(more)), host(more))
    const attachedFor = (offset: number) => {
      const state = { ...Incidents.killMonitor("web1")(running), mounts: host(more).mounts, loops: [...running.loops, neighbour(offset)] }
      return remainsOf(directories, "web1", factsFor(state, given)).loops.map(({ device }) => device)
    }
    assert.deepStrictEqual(attachedFor(start + size), ["/dev/loop0"])
    assert.deepStrictEqual(attachedFor(start), ["/dev/loop0", "/dev/loop7"])
    const whole = carriedOut(startPlan(withDisks(root), host(more)), host(more))
    const part = { ...neighbour(start), backingFile: "/srv/web1.img" }
    const loops = remainsOf(directories, "web1", factsFor({ ...whole, loops: [...whole.loops, part] }, withDisks(root))).loops
    assert.deepStrictEqual(loops.map(({ device }) => device), ["/dev/loop0"])
  })

  it("is a part of the facts that a person can write", () => {
    const facts = decodeHostFacts({
      cgroups: factsFor(host(), instance()).cgroups,
      paths: [{ path: "/a", kind: "file", realPath: "/a", partitions: [{ number: 1, start: 512, size: 512 }] }]
    }, "a test")
    assert.isTrue(Result.isSuccess(facts))
  })
})

describe("a volatile root", () => {
  const forgetful = withDisks({ ...root, volatile: true, volatileSize: "8MiB" })

  it("is the disk, read-only, below memory of a bounded size", () => {
    const own = directories.container("web1")
    assert.deepStrictEqual(describeMounts(forgetful), [
      "$root lower ro",
      `tmpfs memory size=${8 * 1024 * 1024},mode=0700`,
      `overlay rootfs lowerdir=${own}/lower,upperdir=${own}/memory/upper,workdir=${own}/memory/work`
    ])
    assert.isTrue(startPlan(forgetful, host(more)).steps.some((step) => step._tag === "AttachLoop" && step.readOnly))
    assert.include(describeMounts(withDisks({ ...root, volatile: true }))[1], `size=${256 * 1024 * 1024}`)
  })

  it("leaves no trace when the instance stops", () => {
    assert.strictEqual(traces(forgetful), "")
    assert.strictEqual(traces(withDisks({ path: "/srv/dir", volatile: true })), "")
  })

  it("is made anew when an earlier run ended in disorder: what was written then is gone", () => {
    const state = host(more)
    const killed = Incidents.killMonitor("web1")(carriedOut(startPlan(forgetful, state), state))
    const plan = startPlan(forgetful, killed)
    assert.deepStrictEqual(tags(plan).slice(0, 4), ["Unmount", "Unmount", "Unmount", "DetachLoop"])
    assert.deepStrictEqual(rejectionOf(withDisks(root), killed), ["disks[0].path: root-occupied"])
  })

  it("cannot be below a run directory whose name the options cannot have", () => {
    const facts = factsFor(host(more), forgetful)
    const odd = new Directories({ run: HostPath.make("/run/a:b"), log: directories.log, state: directories.state })
    const plan = planStart(forgetful, odd, facts)
    assert.isTrue(Result.isFailure(plan) && plan.failure.rejections[0]?.code === "volatile-run-directory")
  })
})

describe("extra mounts", () => {
  const mounts = [{ source: "/srv/a b\\", target: "mnt/a b", options: ["ro"] }, { source: "tmpfs", target: "tmp", options: ["size=1m"] }]
  const given = instance({ lxc: { mounts } })

  it("are lines of LXC's configuration, blanks and backslashes escaped", () => {
    const state = Incidents.putDirectory("/srv/a b\\")(host())
    const config = startPlan(given, state).steps.find((step) => step._tag === "WriteFile" && step.path.endsWith("/config"))
    assert.include(config?._tag === "WriteFile" ? config.text : "", [
      "lxc.mount.entry = /srv/a\\040b\\134 mnt/a\\040b none bind,ro 0 0",
      "lxc.mount.entry = tmpfs tmp tmpfs size=1m 0 0"
    ].join("\n"))
    assert.strictEqual(traces(given, state), "")
  })

  it("of what is missing, or of a device, are refused", () => {
    const of = (source: string) => instance({ lxc: { mounts: [{ source, target: "a" }] } })
    const refused = (source: string) => {
      const wanted = of(source)
      const state = host(more)
      const plan = planStart(wanted, directories, { ...factsFor(state, wanted) })
      return Result.isFailure(plan) ? plan.failure.rejections.map(({ code, field }) => `${field}: ${code}`) : []
    }
    assert.deepStrictEqual(refused("/nothing"), ["lxc.mounts[0].source: mount-missing"])
    assert.deepStrictEqual(refused("/dev/sdb"), ["lxc.mounts[0].source: mount-of-device"])
    assert.deepStrictEqual(refused("/srv/dir"), [])
  })
})
