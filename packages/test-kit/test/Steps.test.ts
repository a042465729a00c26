import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Guest, Incidents, SimulatedHost, Transition } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { container, done, failed, groups, hierarchies, holds, prepared, rootfs, running } from "./steps.ts"

const at = HostPath.make

/** Why a step fails; undefined where it does not. */
const failedOrNot = (...of: Parameters<typeof failed>) => Transition.complete(...of).problem
const host = (options = {}) =>
  SimulatedHost.state({
    bridges: ["br0"],
    images: { "/srv/a.img": Guest.obedient(), "/srv/blank.img": Guest.blank(), "/dev/vg0/b": Guest.obedient({ fsType: "xfs" }), "/srv/root/": Guest.obedient() },
    ...options
  })

describe("MakeDirectory", () => {
  const step = { _tag: "MakeDirectory", path: at("/run/a/b/c"), mode: "0700", keep: false } as const

  it("makes the missing ones above too, each with the mode", () => {
    const state = done(host(), step)
    assert.deepStrictEqual(["/run/a", "/run/a/b", "/run/a/b/c"].map((path) => state.files[path]?.mode), ["0700", "0700", "0700"])
    assert.isTrue(holds(state, step))
  })

  it("finds one of root's there already, whatever its mode, unless others may write to it", () => {
    assert.isTrue(holds(Incidents.putDirectory(step.path, "0755")(host()), step))
    const open = Transition.observe(Incidents.putDirectory(step.path, "0777")(host()), step, new Map())
    assert.isTrue("_tag" in open && open._tag === "Conflict")
  })

  it("is refused where a file stands in the way, and on a full disk", () => {
    const file = Transition.observe(Incidents.putFile(step.path)(host()), step, new Map())
    assert.isTrue("_tag" in file && file._tag === "Conflict" && file.found.includes(step.path))
    const below = failed(Incidents.putFile("/run/a")(host()), step).problem
    assert.isTrue(below._tag === "SystemCallFailed" && below.code === "ENOTDIR")
    const itself = failed(Incidents.fillDisk(step.path)(host()), step).problem
    assert.isTrue(itself._tag === "SystemCallFailed" && itself.code === "ENOSPC")
    assert.isUndefined(failedOrNot(Incidents.fillDisk("/run/a/b/cd")(host()), step))
    const full = failed(Incidents.fillDisk("/run")(host()), step).problem
    assert.isTrue(full._tag === "SystemCallFailed" && full.call === "mkdir" && full.code === "ENOSPC")
  })
})

describe("RemoveDirectory", () => {
  const step = (path: string, ifEmpty = false) => ({ _tag: "RemoveDirectory", path: at(path), ifEmpty }) as const

  it("takes an empty one away, and finds a missing one gone", () => {
    assert.isUndefined(done(Incidents.putDirectory("/run/a")(host()), step("/run/a")).files["/run/a"])
    assert.isTrue(holds(host(), step("/run/a")))
  })

  it("never takes what is not empty: ENOTEMPTY, or it may stay", () => {
    const full = Incidents.putFile("/run/a/b")(host())
    const { problem, state } = failed(full, step("/run/a"))
    assert.isTrue(problem._tag === "SystemCallFailed" && problem.code === "ENOTEMPTY")
    assert.strictEqual(state, full)
    assert.isTrue(holds(full, step("/run/a", true)))
    assert.strictEqual(done(full, step("/run/a", true)), full)
  })

  it("is EBUSY for a mount point, and ENOTDIR for a file", () => {
    const code = (state: ReturnType<typeof host>) => {
      const { problem } = failed(state, step("/run/a"))
      return problem._tag === "SystemCallFailed" ? problem.code : problem._tag
    }
    assert.strictEqual(code(Incidents.mountOn("/run/a")(Incidents.putDirectory("/run/a")(host()))), "EBUSY")
    assert.strictEqual(code(Incidents.putFile("/run/a")(host())), "ENOTDIR")
  })

  it("says what is known of the error, and where to read of any other", () => {
    const advice = (state: ReturnType<typeof host>) => {
      const { problem } = failed(state, step("/run/a"))
      return problem._tag === "SystemCallFailed" ? problem.advice : problem._tag
    }
    assert.include(advice(Incidents.mountOn("/run/a")(Incidents.putDirectory("/run/a")(host()))), "mounted")
    assert.include(advice(Incidents.putFile("/run/a")(host())), "errno(3)")
  })
})

describe("WriteFile and RemoveFile", () => {
  const write = { _tag: "WriteFile", path: at("/run/a"), mode: "0600", text: "one\n", previous: null } as const

  it("writes all of the text with the mode; done where it is there exactly so", () => {
    const state = done(host(), write)
    assert.deepStrictEqual(state.files["/run/a"], { kind: "file", mode: "0600", text: "one\n" })
    assert.isTrue(holds(state, write))
    assert.isFalse(holds(state, { ...write, text: "two\n" }))
    assert.isFalse(holds(state, { ...write, mode: "0644" }))
  })

  it("leaves the old content on a full disk, and needs its directory", () => {
    const old = Incidents.putFile("/run/a", "old")(host())
    const full = failed(Incidents.fillDisk("/run")(old), write)
    assert.isTrue(full.problem._tag === "SystemCallFailed" && full.problem.code === "ENOSPC")
    assert.strictEqual(full.state.files["/run/a"]?.text, "old")
    const missing = failed(host(), { ...write, path: at("/run/none/a") }).problem
    assert.isTrue(missing._tag === "SystemCallFailed" && missing.code === "ENOENT")
    const directory = failed(Incidents.putDirectory("/run/a")(host()), write).problem
    assert.isTrue(directory._tag === "SystemCallFailed" && directory.code === "EISDIR")
    const below = failed(Incidents.putFile("/run/f")(host()), { ...write, path: at("/run/f/a") }).problem
    assert.isTrue(below._tag === "SystemCallFailed" && below.code === "ENOTDIR")
  })

  it("removes a file and no directory; one that is not there is gone already", () => {
    const remove = { _tag: "RemoveFile", path: at("/run/a") } as const
    assert.isUndefined(done(done(host(), write), remove).files["/run/a"])
    assert.isTrue(holds(host(), remove))
    const { problem } = failed(Incidents.putDirectory("/run/a")(host()), remove)
    assert.isTrue(problem._tag === "SystemCallFailed" && problem.code === "EISDIR")
  })
})

describe("AttachLoop and DetachLoop", () => {
  const attach = { _tag: "AttachLoop", file: at("/srv/a.img"), offset: 0, sizeLimit: 0, readOnly: false, result: "root" } as const
  const detach = { _tag: "DetachLoop", device: at("/dev/loop0"), file: at("/srv/a.img") } as const

  it("gives the first free device, and the one that is there already", () => {
    const first = Transition.complete(host(), attach)
    assert.strictEqual(first.result, "/dev/loop0")
    assert.deepStrictEqual(Transition.observe(first.state, attach, new Map()), { done: true, result: "/dev/loop0" })
    assert.strictEqual(Transition.complete(first.state, { ...attach, file: at("/srv/blank.img") }).result, "/dev/loop1")
  })

  it("is refused by losetup for a file that is missing, and for a directory", () => {
    for (const [file, why] of [["/srv/none", "No such file or directory"], ["/srv", "Is a directory"]] as const) {
      const { problem } = failed(host(), { ...attach, file: at(file) })
      assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 1 && problem.stderr.includes(why))
    }
  })

  it("detaches only what has the file; a device with another one is left alone", () => {
    const state = done(host(), attach)
    assert.deepStrictEqual(done(state, detach).loops, [])
    assert.isTrue(holds(state, { ...detach, file: at("/srv/blank.img") }))
    assert.isTrue(holds(state, { ...detach, device: at("/dev/loop7") }))
  })

  it("whose device never came to be known takes those of the file that nobody has mounted", () => {
    const unknown = { ...detach, device: "$root" } as const
    assert.deepStrictEqual(done(done(host(), attach), unknown).loops, [])
    assert.isTrue(holds(prepared(), { ...unknown, file: at("/srv/web1.img") }))
  })

  it("of a device that only a container still has mounted names no mount of the host", () => {
    const state = running()
    const { problem } = failed({ ...state, mounts: state.mounts.filter(({ target }) => target !== rootfs) }, { ...detach, file: at("/srv/web1.img") })
    assert.deepStrictEqual(problem, { _tag: "Busy", path: "/dev/loop0", waitedMs: 5_000, holders: [] })
  })

  it("of a device in use goes with its last user: losetup says 0, and it is waited for", () => {
    const { problem, state, tookMs } = failed(prepared(), { ...detach, file: at("/srv/web1.img") })
    assert.deepStrictEqual(problem, { _tag: "Busy", path: "/dev/loop0", waitedMs: 5_000, holders: [], mountedOn: [rootfs] })
    assert.strictEqual(tookMs, 5_000)
    assert.strictEqual(state.loops.length, 1)
    assert.deepStrictEqual(done(state, { _tag: "Unmount", source: "/dev/loop0", target: rootfs, timeoutMs: 0 }).loops, [])
  })
})

describe("Mount", () => {
  const mount = (changes = {}) => ({ _tag: "Mount", source: at("/dev/vg0/b"), target: at("/srv"), fsType: null, options: [], ...changes }) as const

  it("adds a line at the end of the table, with the type that was found", () => {
    const state = done(host(), mount({ options: ["noatime", "ro"] }))
    assert.deepInclude(state.mounts.at(-1), { source: "/dev/vg0/b", target: "/srv", root: "/", fsType: "xfs", options: ["noatime", "ro"] })
    assert.isTrue(holds(state, mount()))
  })

  it("binds a directory: the table shows the device it is on, and the path in it", () => {
    const bind = mount({ source: at("/srv/root"), target: at("/tmp"), options: ["bind"] })
    const state = done(host(), bind)
    assert.deepInclude(state.mounts.at(-1), { source: "/dev/vda1", root: "/srv/root", device: "254:1" })
    assert.isTrue(holds(state, bind))
    const other = Transition.observe(state, mount({ source: at("/srv"), target: at("/tmp"), options: ["bind"] }), new Map())
    assert.isTrue("_tag" in other && other._tag === "Conflict")
  })

  it("names a mount of somebody else on the target", () => {
    const seen = Transition.observe(Incidents.mountOn("/srv", "/dev/sdz")(host()), mount(), new Map())
    assert.isTrue("_tag" in seen && seen._tag === "Conflict" && seen.found.includes("/dev/sdz is mounted on /srv"))
  })

  it("fails with 32 and one line: target missing, device missing, no file system, another type", () => {
    const line = (step: ReturnType<typeof mount>, state = host()) => {
      const { problem } = failed(state, step)
      assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 32)
      return problem._tag === "CommandFailed" ? problem.stderr : ""
    }
    assert.include(line(mount({ target: at("/none") })), "mount point does not exist")
    assert.include(line(mount({ source: at("/dev/none") })), "special device /dev/none does not exist")
    assert.include(line(mount({ source: at("/none"), options: ["bind"] })), "special device /none does not exist")
    assert.include(line(mount({ fsType: "ext4" })), "wrong fs type")
    const loop = done(host(), { _tag: "AttachLoop", file: at("/srv/blank.img"), offset: 0, sizeLimit: 0, readOnly: false, result: "root" })
    assert.include(line(mount({ source: at("/dev/loop0") }), loop), "wrong fs type")
  })

  it("needs the result that it names", () => {
    const seen = Transition.observe(host(), mount({ source: "$root" }), new Map())
    assert.isTrue("_tag" in seen && seen._tag === "Conflict" && seen.found.includes("$root"))
    const known = new Map([["root", "/dev/vg0/b"]])
    assert.isUndefined(Transition.complete(host(), mount({ source: "$root" }), known).problem)
  })
})

describe("Unmount", () => {
  const unmount = (changes = {}) => ({ _tag: "Unmount", source: "/dev/loop0", target: rootfs, timeoutMs: 5_000, ...changes }) as const

  it("takes the mount off; what is not mounted is off already", () => {
    const state = done(prepared(), unmount())
    assert.isTrue(holds(state, unmount()))
    assert.isFalse(holds(prepared(), unmount()))
  })

  it("is busy while the monitor pins the root, and free 39 ms after the first process died", () => {
    const { problem, tookMs } = failed(running(), unmount())
    assert.isTrue(problem._tag === "Busy" && problem.waitedMs === 5_000 && problem.holders[0]?.command.startsWith("[lxc monitor]"))
    assert.strictEqual(tookMs, 5_000)
    const dying = Incidents.killInit("web1")(running())
    assert.isAtLeast(Transition.complete(dying, unmount()).tookMs, 39)
    assert.isAtMost(Transition.complete(dying, unmount()).tookMs, 60)
  })

  it("names who works in it, and who has only a mount below it is nobody", () => {
    const occupied = failed(Incidents.occupy(`${rootfs}/home`, "vi")(prepared()), unmount({ timeoutMs: 100 })).problem
    assert.isTrue(occupied._tag === "Busy" && occupied.holders.length === 1 && occupied.holders[0]?.command === "vi")
    const above = failed(Incidents.mountOn(`${rootfs}/sub`)(prepared()), unmount({ timeoutMs: 100 })).problem
    assert.deepStrictEqual(above, { _tag: "Busy", path: rootfs, waitedMs: 100, holders: [] })
    assert.isUndefined(Transition.complete(Incidents.occupy(`${rootfs}2/home`)(prepared()), unmount()).problem)
  })

  it("of what is hidden under a later mount above it is not possible: the wrong order fails", () => {
    const stacked = ["sub", "sub/deep/er", "sub"].reduce((state, path) => Incidents.mountOn(`${rootfs}/${path}`)(state), prepared())
    const { problem } = failed(stacked, unmount({ source: "tmpfs", target: `${rootfs}/sub/deep/er` }))
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 32 && problem.stderr.includes("not mounted"))
  })

  it("does not take off what somebody mounted over it", () => {
    const { problem } = failed(Incidents.mountOn(rootfs, "/dev/sdz")(prepared()), unmount())
    assert.isTrue(problem._tag === "Conflict" && problem.found.includes("/dev/sdz"))
  })
})

describe("DeleteInterface", () => {
  const step = { _tag: "DeleteInterface", name: "elweb1n0" } as const

  it("deletes it; one that is not there is gone already; lo stays", () => {
    const left = Incidents.leaveInterface("elweb1n0")(host())
    assert.isTrue(holds(done(left, step), step))
    assert.isTrue(holds(host(), step))
    const { problem } = failed(host(), { ...step, name: "lo" })
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 2)
    const gone = failed(host(), step).problem
    assert.isTrue(gone._tag === "CommandFailed" && gone.stderr.includes("Cannot find device"))
  })
})

describe("RemoveCgroups", () => {
  const step = (state: ReturnType<typeof host>) =>
    ({ _tag: "RemoveCgroups", names: ["lxc.payload.web1", "lxc.monitor.web1"], hierarchies: hierarchies(state) }) as const

  it("removes them in every tree, with those below", () => {
    const left = Incidents.leaveCgroup("lxc.payload.web1/system.slice")(Incidents.leaveCgroup("lxc.payload.web1")(host({ layout: "hybrid" })))
    const state = done(left, step(left))
    assert.strictEqual(state.now, left.now, "nothing is waited for")
    assert.deepStrictEqual(groups(state), {})
    assert.isTrue(holds(state, step(left)))
    assert.isTrue(state.trees.every((tree) => Object.keys(tree.groups).length === 0))
  })

  it("only in the trees that it names, and no other group", () => {
    const left = Incidents.leaveCgroup("lxc.payload.web10")(Incidents.leaveCgroup("lxc.payload.web1")(host({ layout: "hybrid" })))
    const [first] = hierarchies(left)
    assert.deepStrictEqual(groups(done(left, { ...step(left), hierarchies: first === undefined ? [] : [first] })), {
      "lxc.payload.web1": 7,
      "lxc.payload.web10": 8
    })
  })

  it("never removes a populated one: EBUSY, with who is in it; one that empties meanwhile goes", () => {
    const state = running()
    const { problem, tookMs } = failed(state, step(state))
    assert.isTrue(problem._tag === "Busy" && problem.holders[0]?.command === "/sbin/init")
    assert.strictEqual(tookMs, 5_000)
    const dying = running({ guest: Guest.dying(500, 0) })
    assert.deepStrictEqual(groups(done(dying, step(dying))), {})
  })
})

describe("ConfirmLimits", () => {
  const step = (value: string) =>
    ({ _tag: "ConfirmLimits", ...container, limits: [{ controller: "memory", file: "memory.max", value }] }) as const

  it("compares whole pages", () => {
    const state = running({ config: `lxc.rootfs.path = dir:${rootfs}\nlxc.cgroup2.memory.max = 8998912\n` })
    assert.strictEqual(done(state, step("8998912")), state)
    assert.strictEqual(done(state, step("9000000")), state)
    const { problem } = failed(state, step("67108864"))
    assert.deepStrictEqual(problem, { _tag: "LimitNotInForce", file: "/sys/fs/cgroup/lxc.payload.web1/memory.max", wanted: "67108864", found: "8998912" })
  })

  it("leaves the death of the first process to the step that watches for it", () => {
    const state = running({ guest: Guest.dying(0, 1) })
    assert.isUndefined(Transition.complete(Incidents.killMonitor("web1")(state), step("1")).problem)
  })
})
