import { planStart } from "@effect-lxc/core/plan/StartPlan"
import { vethName } from "@effect-lxc/core/model/VethName"
import { Arbitraries, Guest, Incidents, Scenario, SimulatedHost, type SimulatedState } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { carriedOut, directories, factsFor, host, instance, rejectionOf, runningBeside, startPlan, stopPlan, tags } from "./fixtures.ts"

const web1 = instance()
const other = (name: string, path = `/srv/${name}.img`) => instance({ name, disks: [{ path }], nics: [] })

/** A host on which an instance runs. */
const running = (given = web1, state: SimulatedState = host()) => carriedOut(startPlan(given, state), state)

it.prop("a start that was planned again after it was carried out is rejected as running", { scenario: Arbitraries.scenario }, ({ scenario }) => {
  const given = Scenario.instanceOf(scenario)
  const after = running(given, Scenario.hostOf(scenario))
  assert.deepStrictEqual(rejectionOf(given, after), [
    "name: already-running",
    ...(scenario.nics.flatMap((kind, index) =>
      kind === "phys" && given.nics[index]?.mode === "phys" ? [`nics[${index}].link: interface-missing`] : []))
  ])
})

describe("the steps of a start", () => {
  it("wait for as long as a spec may ask for", () => {
    const patient = instance({ lxc: { startupTimeout: "168h", settle: "168h" } })
    const waits = startPlan(patient, host()).steps.flatMap((step) =>
      step._tag === "StartContainer" ? [step.timeoutMs] : step._tag === "ConfirmAlive" ? [step.settleMs] : [])
    assert.deepStrictEqual(waits, [604_800_000, 604_800_000])
  })

  it("are in an order in which each finds what it needs", () => {
    assert.deepStrictEqual(tags(startPlan(instance({ resources: { memory: "64MiB" } }), host())), [
      "MakeDirectory",
      "MakeDirectory",
      "WriteFile",
      "MakeDirectory",
      "MakeDirectory",
      "WriteFile",
      "AttachLoop",
      "Mount",
      "StartContainer",
      "ConfirmLimits",
      "ConfirmAlive",
      "MakeDirectory",
      "WriteFile"
    ])
  })

  it("write the record before anything that has to be undone, and the word that it is meant to run last", () => {
    const { steps } = startPlan(web1, host())
    const written = steps.flatMap((step) => step._tag === "WriteFile" ? [step.path] : [])
    assert.deepStrictEqual(written.map(String), [
      directories.record("web1"),
      directories.config("web1"),
      directories.meantToRun("web1")
    ])
    assert.isTrue(steps.findIndex((step) => step._tag === "WriteFile") < steps.findIndex((step) => step._tag === "AttachLoop"))
    assert.strictEqual(steps.at(-1)?._tag, "WriteFile")
  })

  it("write secrets to nobody: files 0600, directories 0700 but for the mount point and the one above them all", () => {
    for (const step of startPlan(web1, host()).steps) {
      if (step._tag === "WriteFile") assert.strictEqual(step.mode, "0600")
      if (step._tag === "MakeDirectory") {
        assert.strictEqual(step.mode, step.path === directories.rootfs("web1") ? "0755" : step.path === directories.containers ? "0711" : "0700")
      }
    }
  })

  it("remove what an earlier run left before anything else", () => {
    const killed = Incidents.killMonitor("web1")(running())
    const residue = tags(startPlan(web1, Incidents.leaveInterface(vethName("web1", 0))(killed)))
    assert.deepStrictEqual(residue.slice(0, 3), ["DeleteInterface", "RemoveCgroups", "MakeDirectory"])
    const mounted = tags(startPlan(web1, Incidents.mountOn(`${directories.rootfs("web1")}/sub`)(killed)))
    assert.deepStrictEqual(mounted.slice(0, 2), ["Unmount", "RemoveCgroups"])
  })

  it("keep a root that is mounted already from the same image", () => {
    const killed = Incidents.killMonitor("web1")(running())
    const plan = startPlan(web1, killed)
    assert.notInclude(tags(plan), "Unmount")
    assert.notInclude(tags(plan), "DetachLoop")
    assert.deepStrictEqual(carriedOut(plan, killed).loops, killed.loops)
  })

  it("name the real file behind a symbolic link", () => {
    const state = SimulatedHost.state({
      bridges: ["br0"],
      images: { "/srv/real.img": Guest.obedient() },
      links: { "/srv/web1.img": "/srv/real.img" }
    })
    const attach = startPlan(web1, state).steps.find((step) => step._tag === "AttachLoop")
    assert.isTrue(attach?._tag === "AttachLoop" && attach.file === "/srv/real.img")
  })

  it("bind a directory, and mount a block device without a loop", () => {
    const directory = instance({ disks: [{ path: "/srv/root" }] })
    const bind = startPlan(directory, host({ images: { "/srv/root/": Guest.obedient() } }))
    assert.notInclude(tags(bind), "AttachLoop")
    assert.isTrue(bind.steps.some((step) => step._tag === "Mount" && step.options.includes("bind") && step.fsType === null))
    const device = instance({ disks: [{ path: "/dev/vg0/web1", fsType: "xfs", options: ["noatime"], readOnly: true }] })
    const mount = startPlan(device, host({ images: { "/dev/vg0/web1": Guest.obedient() } })).steps
      .find((step) => step._tag === "Mount")
    assert.deepInclude(mount, { source: "/dev/vg0/web1", fsType: "xfs", options: ["noatime", "ro"] })
  })

  it("read no limit back where none was asked for", () => {
    assert.notInclude(tags(startPlan(web1, host())), "ConfirmLimits")
  })

  it("give the limit of the command to lxc-start, else that of the spec", () => {
    const limit = (given: typeof web1, timeoutMs?: number) => {
      const plan = Result.getOrThrow(planStart(given, directories, factsFor(host(), given), { timeoutMs }))
      const start = plan.steps.find((step) => step._tag === "StartContainer")
      return start?._tag === "StartContainer" ? start.timeoutMs : undefined
    }
    assert.strictEqual(limit(web1), 30_000)
    assert.strictEqual(limit(instance({ lxc: { startupTimeout: "5s" } })), 5_000)
    assert.strictEqual(limit(web1, 1_000), 1_000)
  })

  it("say what is assumed of a disk of which the facts know nothing", () => {
    const facts = { ...factsFor(host(), web1), paths: [] }
    const plan = Result.getOrThrow(planStart(web1, directories, facts))
    assert.strictEqual(plan.warnings.length, 1)
    assert.include(plan.warnings[0] ?? "", "an image file is assumed")
  })
})

it("a limit beyond what the host has is had, and warned of by its field", () => {
  const warnings = (memory: string, vcpus: number) =>
    startPlan(instance({ resources: { memory, vcpus } }), host({ cpus: 2 })).warnings
  assert.deepStrictEqual(warnings("8GiB", 2), [])
  assert.deepStrictEqual(warnings("9GiB", 64), [
    "resources.memory: 9216 MiB is more than the 8192 MiB of this host, and limits nothing",
    "resources.vcpus: 64 is more than the 2 of this host, and limits nothing"
  ])
  const given = instance({ resources: { memory: "9GiB" } })
  const { memory: _, ...unknown } = factsFor(host(), given)
  assert.deepStrictEqual(Result.getOrThrow(planStart(given, directories, unknown)).warnings, [])
})

describe("a start is rejected", () => {
  it("for a bridge that is missing", () => {
    assert.deepStrictEqual(rejectionOf(web1, host({ bridges: [] })), ["nics[0].link: bridge-missing"])
  })

  it("for an interface that is no bridge", () => {
    assert.deepStrictEqual(rejectionOf(web1, host({ bridges: [], interfaces: ["br0"] })), ["nics[0].link: not-a-bridge"])
  })

  it("for an mtu above the bridge's", () => {
    const jumbo = instance({ nics: [{ link: "br0", mtu: 9_000 }] })
    assert.deepStrictEqual(rejectionOf(jumbo, host()), ["nics[0].mtu: mtu-too-large"])
    assert.strictEqual(tags(startPlan(instance({ nics: [{ link: "br0", mtu: 1_500 }] }), host())).length, 12)
  })

  it("for the MAC of an instance that runs on the same link, which is named", () => {
    const mac = "aa:00:00:12:34:56"
    const twin = instance({ name: "web2", disks: [{ path: "/srv/web2.img" }] })
    const images = { "/srv/web2.img": Guest.obedient() }
    const state = carriedOut(startPlan(web1, host({ images })), host({ images }))
    assert.deepStrictEqual(rejectionOf(twin, state), ["nics[0].mac: mac-in-use"])
    const plan = planStart(twin, directories, factsFor(state, twin))
    assert.isTrue(Result.isFailure(plan) && plan.failure.message.includes(`${mac} is the MAC of web1, which is running on br0 as well`))
    const stopped = carriedOut(stopPlan(web1, state), state)
    assert.isTrue(Result.isSuccess(planStart(twin, directories, factsFor(stopped, twin))))
    const derived = instance({ name: "web2", disks: [{ path: "/srv/web2.img" }], nics: [{ link: "br0" }] })
    assert.isTrue(Result.isSuccess(planStart(derived, directories, factsFor(state, derived))))
  })

  it("not for the MAC of one that runs on another link, but warned of", () => {
    const images = { "/srv/web2.img": Guest.obedient() }
    const before = host({ images, bridges: ["br0", "br1"] })
    const state = carriedOut(startPlan(web1, before), before)
    const elsewhere = instance({ name: "web2", disks: [{ path: "/srv/web2.img" }], nics: [{ link: "br1" }, { link: "br1", mac: "aa:00:00:12:34:56" }] })
    const { warnings } = Result.getOrThrow(planStart(elsewhere, directories, factsFor(state, elsewhere)))
    assert.strictEqual(warnings.length, 1)
    assert.match(warnings[0] ?? "", /^nics\[1\]\.mac: .* web1 too/)
  })

  it("for an image that is missing", () => {
    assert.deepStrictEqual(rejectionOf(other("web2"), host()), ["disks[0].path: disk-missing"])
  })

  it("for an image of another instance that runs, and names it", () => {
    const state = running(web1)
    const thief = other("thief", "/srv/web1.img")
    const plan = planStart(thief, directories, factsFor(state, thief))
    assert.isTrue(Result.isFailure(plan) && plan.failure.message.includes("is the disk of web1, which is running"))
  })

  it("for an image that is mounted elsewhere, and names the place", () => {
    const state = host()
    const mounted = {
      ...state,
      loops: [{ device: "/dev/loop3", backingFile: "/srv/web1.img", sizeLimit: 0, readOnly: false, autoclear: false }],
      mounts: [...state.mounts, {
        target: "/mnt",
        source: "/dev/loop3",
        root: "/",
        device: "7:3",
        fsType: "ext4",
        options: ["rw"],
        image: "/srv/web1.img"
      }]
    }
    const plan = planStart(web1, directories, factsFor(mounted, web1))
    assert.isTrue(Result.isFailure(plan) && plan.failure.message.includes("is mounted on /mnt (/dev/loop3)"))
  })

  it("for a root that something else is mounted on", () => {
    const state = Incidents.mountOn(directories.rootfs("web1"), "/dev/sdz1")(host())
    assert.deepStrictEqual(rejectionOf(web1, state), ["disks[0].path: root-occupied"])
  })

  it("for a namesake under another lxcpath", () => {
    const state = host({ foreign: [{ lxcPath: "/var/lib/lxc", name: "web1" }] })
    assert.deepStrictEqual(rejectionOf(web1, state), ["name: namesake-running"])
    assert.include(rejectionOf(web1, runningBeside(web1, host())), "name: namesake-running")
    assert.notInclude(rejectionOf(web1, runningBeside(web1, host())), "name: already-active")
  })

  it("for an instance that runs, and for one of which a process lives", () => {
    assert.include(rejectionOf(web1, running()), "name: already-running")
    assert.include(rejectionOf(web1, Incidents.orphan("web1")(running())), "name: already-active")
    assert.include(rejectionOf(web1, Incidents.stopMonitor("web1")(running())), "name: already-active")
  })

  it("without LXC, and for a version that cannot be read", () => {
    assert.deepStrictEqual(rejectionOf(web1, host({ lxcVersion: null })), [": lxc-missing"])
    assert.deepStrictEqual(rejectionOf(web1, host({ lxcVersion: "five" })), [": lxc-version-unknown"])
  })

  it("for a limit that this LXC would not put in force", () => {
    const limited = instance({ resources: { memory: "64MiB", swap: "64MiB" } })
    assert.deepStrictEqual(rejectionOf(limited, host({ swapAccounting: false })), ["resources.swap: swap-accounting"])
    assert.isAbove(rejectionOf(limited, host({ layout: "v1", lxcVersion: "7.0.0" })).length, 0)
  })

  it("for every reason at once, not only for the first", () => {
    const wrong = instance({ disks: [{ path: "/srv/none.img" }], nics: [{ link: "br7" }, { link: "br8" }] })
    assert.deepStrictEqual(rejectionOf(wrong, host({ lxcVersion: null })), [
      ": lxc-missing",
      "disks[0].path: disk-missing",
      "nics[0].link: bridge-missing",
      "nics[1].link: bridge-missing"
    ])
  })
})

it("a root that holds the library's own files, or lies among them, is rejected; an imported one is not", () => {
  for (const path of ["/run/effect-lxc", "/run", "/var/log/effect-lxc/x"]) {
    const root = instance({ disks: [{ path }] })
    const state = host({ images: { [`${path}/`]: Guest.obedient() } })
    assert.include(rejectionOf(root, state), "disks[0].path: disk-unusable")
  }
  const imported = "/var/lib/effect-lxc/images/web1"
  const state = host({ images: { [`${imported}/`]: Guest.obedient() } })
  assert.strictEqual(startPlan(instance({ disks: [{ path: imported }] }), state).operation, "start")
})

describe("a mask of processors", () => {
  it("that names some the host has not is refused, and where nobody looked it is left to the kernel", () => {
    const given = instance({ resources: { cpuMask: "1,6-7" } })
    const facts = factsFor(host(), given)
    const planned = planStart(given, directories, { ...facts, cpus: [0, 1, 2, 3] })
    assert.deepStrictEqual(Result.isFailure(planned) ? planned.failure.rejections : [], [{
      code: "cpu-missing",
      field: "resources.cpuMask",
      message: "this host has no processors 6-7",
      advice: "it has 0-3: name some of these"
    }])
    const { cpus: _, ...unknown } = facts
    assert.isTrue(Result.isSuccess(planStart(given, directories, unknown)))
  })
})
