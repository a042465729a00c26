import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Guest, Incidents, SimulatedHost, type SimulatedState, Transition } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { config, done, failed, holds, pinned, prepared, rootfs, start } from "./steps.ts"

const at = HostPath.make
const attach = (file: string, changes = {}) =>
  ({ _tag: "AttachLoop", file: at(file), offset: 0, sizeLimit: 0, readOnly: false, result: "root", ...changes }) as const
const detach = (file: string, device = "/dev/loop0") => ({ _tag: "DetachLoop", device: at(device), file: at(file) }) as const
const mount = (source: string, target: string, options: ReadonlyArray<string> = []) =>
  ({ _tag: "Mount", source: at(source), target: at(target), fsType: null, options }) as const
const unmount = (source: string, target: string) => ({ _tag: "Unmount", source, target, timeoutMs: 0 }) as const
const host = () => SimulatedHost.state({ images: { "/srv/a.img": Guest.obedient() }, partitions: { "/srv/disk.img": [Guest.obedient(), Guest.deaf()] } })

describe("a loop device", () => {
  it("that only reads is no device for a step that writes; the other way round it is", () => {
    const readOnly = done(host(), attach("/srv/a.img", { readOnly: true }))
    assert.isTrue(holds(readOnly, attach("/srv/a.img", { readOnly: true })))
    assert.isFalse(holds(readOnly, attach("/srv/a.img")))
    assert.isTrue(holds(done(host(), attach("/srv/a.img")), attach("/srv/a.img", { readOnly: true })))
  })

  it("that only reads is mounted read-only, whatever mount(8) was asked for", () => {
    const state = done(done(host(), attach("/srv/a.img", { readOnly: true })), mount("/dev/loop0", "/srv"))
    assert.deepStrictEqual(state.mounts.at(-1)?.options, ["ro"])
  })

  it("is another one with another offset or another size", () => {
    const whole = done(host(), attach("/srv/disk.img"))
    assert.isFalse(holds(whole, attach("/srv/disk.img", { offset: 1_048_576 })))
    assert.isFalse(holds(whole, attach("/srv/disk.img", { sizeLimit: 16_777_216 })))
  })

  it("of a partition has what is in the partition, and nothing where it is cut short", () => {
    const of = (sizeLimit: number) => done(host(), attach("/srv/disk.img", { offset: 17 * 1_048_576, sizeLimit }))
    assert.strictEqual(done(of(16_777_216), mount("/dev/loop0", "/srv")).mounts.at(-1)?.image, "/srv/disk.img@17825792")
    const { problem } = failed(of(16_777_215), mount("/dev/loop0", "/srv"))
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 32 && problem.stderr.includes("bad superblock"))
  })
})

describe("what losetup(8) is asked for", () => {
  it("is there already for the same file and the same offset alone, the one of no partition too", () => {
    const state = done(host(), attach("/srv/disk.img", { offset: 1_048_576 }))
    assert.isTrue(holds(state, attach("/srv/disk.img", { offset: 1_048_576 })))
    assert.isFalse(holds(state, attach("/srv/a.img", { offset: 1_048_576 })))
  })

  it("may be a block device", () => {
    const state = done(SimulatedHost.state({ images: { "/dev/vg0/b": Guest.obedient() } }), attach("/dev/vg0/b"))
    assert.deepStrictEqual(state.loops, [{ device: "/dev/loop0", backingFile: "/dev/vg0/b", sizeLimit: 0, readOnly: false, autoclear: false }])
  })
})

describe("mount(8)", () => {
  const problemOf = (state: SimulatedState, step: Parameters<typeof failed>[1]) => failed(state, step).problem

  it("is not called for a device that is not known, nor where another one is mounted", () => {
    const unknown = problemOf(host(), { _tag: "Mount", source: "$root", target: at("/srv"), fsType: null, options: [] })
    assert.isTrue(unknown._tag === "Conflict" && unknown.found === "$root is not known")
    const occupied = problemOf(Incidents.mountOn("/srv", "/dev/sdz")(done(host(), attach("/srv/a.img"))), mount("/dev/loop0", "/srv"))
    assert.isTrue(occupied._tag === "Conflict" && occupied.found.includes("/dev/sdz is mounted on /srv"))
  })

  it("finds no file system on a device in which nothing is", () => {
    const bare = problemOf({ ...host(), blockDevices: ["/dev/vdb"] }, mount("/dev/vdb", "/srv"))
    assert.isTrue(bare._tag === "CommandFailed" && bare.exitCode === 32 && bare.stderr.includes("wrong fs type"))
  })
})

describe("an overlay", () => {
  const overlaid = (): SimulatedState => {
    const lower = done(done(Incidents.putDirectory("/tmp/root")(Incidents.putDirectory("/tmp/memory")(host())), attach("/srv/a.img")), mount("/dev/loop0", "/srv"))
    const memory = done(lower, { _tag: "Mount", source: "tmpfs", target: at("/tmp/memory"), fsType: "tmpfs", options: [] })
    const made = Incidents.putDirectory("/tmp/memory/upper")(Incidents.putDirectory("/tmp/memory/work")(memory))
    return done(made, {
      _tag: "Mount",
      source: "overlay",
      target: at("/tmp/root"),
      fsType: "overlay",
      options: ["lowerdir=/srv", "upperdir=/tmp/memory/upper", "workdir=/tmp/memory/work"]
    })
  }

  it("keeps its layers in use: they can be unmounted, their loop device goes with the overlay", () => {
    const bare = done(done(overlaid(), unmount("/dev/loop0", "/srv")), unmount("tmpfs", "/tmp/memory"))
    const { problem, state } = failed(bare, detach("/srv/a.img"))
    assert.strictEqual(problem._tag, "Busy")
    assert.deepStrictEqual(done(state, unmount("overlay", "/tmp/root")).loops, [])
  })

  it("shows what is in its lower layer, a mount or a directory", () => {
    assert.strictEqual(overlaid().mounts.at(-1)?.image, "/srv/a.img")
    const plain = SimulatedHost.state({ images: { "/srv/root/": Guest.obedient() } })
    const shown = done(plain, { _tag: "Mount", source: "overlay", target: at("/tmp"), fsType: "overlay", options: ["lowerdir=/srv/root"] })
    assert.strictEqual(shown.mounts.at(-1)?.image, "/srv/root")
  })

  it("is made of what each of its three directories is on, once, whatever else is mounted of that", () => {
    const again = done(Incidents.putDirectory("/tmp/again")(done(overlaid(), unmount("overlay", "/tmp/root"))), mount("/srv", "/tmp/again", ["bind"]))
    const options = ["workdir=/tmp/memory/work", "upperdir=/tmp/memory/upper", "lowerdir=/srv"]
    const state = done(again, { _tag: "Mount", source: "overlay", target: at("/tmp/root"), fsType: "overlay", options })
    assert.deepStrictEqual(state.mounts.at(-1)?.layers, ["/dev/loop0", "tmpfs", "tmpfs"])
  })

  it("needs its layers to be there: what was in a tmpfs is gone with it", () => {
    const gone = done(done(overlaid(), unmount("overlay", "/tmp/root")), unmount("tmpfs", "/tmp/memory"))
    const options = ["lowerdir=/srv", "upperdir=/tmp/memory/upper", "workdir=/tmp/memory/work"]
    const { problem } = failed(gone, { _tag: "Mount", source: "overlay", target: at("/tmp/root"), fsType: "overlay", options })
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 32)
  })
})

describe("a line of the mount table", () => {
  const last = (state: SimulatedState) => state.mounts.at(-1)
  const memory = (target: string, options: ReadonlyArray<string> = []) =>
    ({ _tag: "Mount", source: "tmpfs", target: at(target), fsType: "tmpfs", options }) as const

  it("of a device says how it is mounted, rw unless asked otherwise", () => {
    const state = done(host(), attach("/srv/a.img"))
    assert.deepStrictEqual(last(done(state, mount("/dev/loop0", "/srv")))?.options, ["rw"])
    assert.deepStrictEqual(last(done(state, mount("/dev/loop0", "/srv", ["noatime"])))?.options, ["rw", "noatime"])
    assert.deepStrictEqual(last(done(state, mount("/dev/loop0", "/srv", ["ro", "noatime"])))?.options, ["ro", "noatime"])
  })

  it("of a bind mount says where it comes from, with its options but for bind", () => {
    assert.deepStrictEqual(last(done(host(), mount("/tmp", "/srv", ["bind", "nosuid"]))), {
      target: "/srv", device: "254:1", fsType: "ext4", options: ["rw", "nosuid"], root: "/tmp", source: "/dev/vda1", image: "/tmp"
    })
    const inMemory = last(done(Incidents.putDirectory("/run/a")(host()), mount("/run/a", "/srv", ["bind"])))
    assert.deepStrictEqual([inMemory?.fsType, inMemory?.root], ["tmpfs", "/a"])
  })

  it("of a tmpfs has a device of its own, and nothing in it", () => {
    const before = host()
    const state = done(done(before, memory("/srv", ["size=1m"])), memory("/tmp"))
    const count = before.mounts.length
    assert.deepStrictEqual(state.mounts.slice(count), [
      { target: "/srv", source: "tmpfs", root: "/", device: `0:${200 + count}`, fsType: "tmpfs", options: ["rw", "size=1m"], image: null, layers: [] },
      { target: "/tmp", source: "tmpfs", root: "/", device: `0:${201 + count}`, fsType: "tmpfs", options: ["rw"], image: null, layers: [] }
    ])
  })

  it("is not there for a type that is not the device's, and is for the type that is", () => {
    const state = done(host(), attach("/srv/a.img"))
    const typed = (fsType: string) => ({ ...mount("/dev/loop0", "/srv"), fsType })
    assert.strictEqual(last(done(state, typed("ext4")))?.fsType, "ext4")
    assert.strictEqual(failed(state, typed("xfs")).problem._tag, "CommandFailed")
  })
})

describe("unmounting", () => {
  it("takes a bind mount off by the path that was bound, and any mount where the device never came to be known", () => {
    const bound = done(host(), mount("/tmp", "/srv", ["bind"]))
    assert.isTrue(holds(done(bound, unmount("/tmp", "/srv")), unmount("/tmp", "/srv")))
    assert.isFalse(holds(bound, unmount("/tmp", "/srv")))
    const unknown = { ...unmount("", "/srv"), source: "$root" } as const
    assert.isFalse(holds(bound, unknown))
    assert.strictEqual(done(bound, unknown).mounts.length, host().mounts.length)
  })

  it("tries again every 20 ms, and at the end of its time", () => {
    const busy = Incidents.occupy("/srv/a")(done(host(), mount("/tmp", "/srv", ["bind"])))
    const until = (now: number) => {
      const outcome = Transition.transition({ ...busy, now }, { ...unmount("/tmp", "/srv"), timeoutMs: 1_000 }, new Map(), { since: 0, phase: "" })
      return outcome._tag === "Pending" ? outcome.until : outcome._tag
    }
    assert.deepStrictEqual([until(100), until(990), until(1_000)], [120, 1_000, "Failed"])
  })
})

describe("the mount namespace of a container", () => {
  const data = `${rootfs}/data`
  /** A host on which only lxc-start is left to do, with a second disk that is not attached. */
  const host = (propagation: "private" | "shared") =>
    Incidents.putDirectory(data)(prepared({ propagation, images: { "/srv/data.img": Guest.obedient() } }))
  const withData = (state: SimulatedState) => done(done(state, attach("/srv/data.img")), mount("/dev/loop1", data))
  const run = (state: SimulatedState) => done(state, start())
  const busyAfterUnmount = (state: SimulatedState) =>
    Transition.complete(done(state, unmount("/dev/loop1", data)), detach("/srv/data.img", "/dev/loop1")).problem?._tag

  it("has what was mounted below its root when it was started: unmounted on the host, it is in use until the end", () => {
    const state = run(withData(host("private")))
    assert.strictEqual(busyAfterUnmount(state), "Busy")
    const { state: asked } = failed(done(state, unmount("/dev/loop1", data)), detach("/srv/data.img", "/dev/loop1"))
    assert.isFalse(Incidents.killMonitor("web1")(asked).loops.some((each) => each.device === "/dev/loop1"))
  })

  it("has nothing of what is mounted there later", () => {
    assert.isUndefined(busyAfterUnmount(withData(run(host("private")))))
  })

  it("where mounts propagate has that too, and loses what is unmounted on the host", () => {
    const later = withData(run(host("shared")))
    assert.deepStrictEqual(later.containers[0]?.sources, ["/dev/loop0", "/dev/loop1"])
    assert.isUndefined(busyAfterUnmount(later))
    assert.isUndefined(busyAfterUnmount(run(withData(host("shared")))))
  })

  it("has the disks that are brought in by lxc.mount.entry", () => {
    const text = config(...pinned, `lxc.mount.entry = /run/disk1 mnt none bind 0 0`)
    const state = Incidents.putDirectory(`/run/disk1`)(prepared({ config: text, images: { "/srv/data.img": Guest.obedient() } }))
    const mounted = done(done(state, attach("/srv/data.img")), mount("/dev/loop1", `/run/disk1`))
    assert.deepStrictEqual(run(mounted).containers[0]?.sources, ["/dev/loop0", "/dev/loop1"])
  })
})
