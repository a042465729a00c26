import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Guest, Incidents, SimulatedHost, type SimulatedState } from "@effect-lxc/test-kit"
import { busyWith, deviceNumber, guestAt, isDirectory, isHeld, mountOver, reachableMount, sizeOf, sourcesAt, takeOff, topMount } from "@effect-lxc/test-kit/MountOps"
import { changeProcess } from "@effect-lxc/test-kit/Process"
import { assert, describe, it } from "@effect/vitest"
import { done, prepared, rootfs, running, start } from "./steps.ts"

const at = HostPath.make
const bare = SimulatedHost.state()
const mebibyte = 2 ** 20

describe("a directory", () => {
  const lacking = prepared({ guest: Guest.obedient({ lacks: ["mnt", "a/b"] }) })

  it("is there where the host made it, and a file is none", () => {
    const state = Incidents.putFile("/tmp/a/file")(bare)
    assert.deepStrictEqual(["/tmp/a", "/tmp/a/file", "/tmp/b"].map((path) => isDirectory(state, path)), [true, false, false])
    assert.isTrue(isDirectory({ ...state, mounts: [] }, "/tmp/a"))
    assert.isFalse(isDirectory({ ...state, mounts: [] }, "/tmp/b"))
  })

  it("below the root of a guest is there unless the guest lacks it", () => {
    assert.isTrue(isDirectory(lacking, rootfs))
    assert.isTrue(isDirectory(lacking, `${rootfs}/a`))
    for (const path of ["mnt", "a/b"]) assert.isFalse(isDirectory(lacking, `${rootfs}/${path}`))
  })

  it("below another mount on that is the other mount's", () => {
    const covered = Incidents.mountOn(rootfs)(lacking)
    assert.isTrue(isDirectory(covered, rootfs))
    assert.isFalse(isDirectory(covered, `${rootfs}/a`))
    assert.isTrue(isDirectory(Incidents.mountOn("/tmp/made-since")(bare), "/tmp/made-since"), "where something is mounted is one")
  })
})

describe("what is in a file system", () => {
  it("is what is mounted there, else what is in the directory", () => {
    const state = SimulatedHost.state({ images: { "/srv/root/": Guest.deaf() } })
    assert.strictEqual(guestAt(state, "/srv/root")?.haltAfterMs, null)
    assert.isUndefined(guestAt(Incidents.mountOn("/srv/root")(state), "/srv/root"), "a tmpfs over it is empty")
  })

  it("has 64 MiB, or what the partition has that begins there", () => {
    const partitions = {
      "/srv/disk.img": [{ number: 1, start: mebibyte, size: 3 * mebibyte }, { number: 2, start: 4 * mebibyte, size: 5 * mebibyte }],
      "/srv/a": [{ number: 1, start: mebibyte, size: 3 * mebibyte }]
    }
    const images = ["/srv/b.img", `/srv/disk.img@${4 * mebibyte}`, "/srv/disk.img@7", `/srv/a@${mebibyte}.img`]
    assert.deepStrictEqual(images.map((image) => sizeOf({ ...bare, partitions }, image) / mebibyte), [64, 5, 64, 64])
  })
})

describe("a device", () => {
  it("has the number of its driver, and its own", () => {
    const state = SimulatedHost.state({ images: { "/dev/sda": Guest.obedient(), "/dev/sdb": Guest.obedient() } })
    assert.deepStrictEqual(["/dev/loop12", "/dev/sda", "/dev/sdb"].map((source) => deviceNumber(state, source)), ["7:12", "8:0", "8:1"])
  })
})

describe("a mount", () => {
  it("is not found where there is none, and nothing is unmounted then", () => {
    assert.isUndefined(reachableMount(bare, "/srv"))
    assert.strictEqual(Incidents.unmountFrom("/srv")(bare), bare)
  })

  it("is not kept in use by a process that has ended", () => {
    const state = Incidents.occupy("/srv/a")(Incidents.mountOn("/srv")(bare))
    const pid = state.processes.at(-1)?.pid ?? 0
    const use = (each: SimulatedState) => {
      const mount = topMount(each, "/srv")
      return mount === undefined ? undefined : busyWith(each, mount)?.map((holder) => holder.pid)
    }
    assert.deepStrictEqual(use(state), [pid])
    assert.isUndefined(use(changeProcess(state, pid, { state: "Z" })))
  })

  it("is kept in use by what holds it, not by what holds another with its source or on its path", () => {
    const mounted = Incidents.mountOn("/srv", "a")(bare)
    const state = Incidents.mountOn("/srv", "b")(Incidents.occupy("/srv/file")(Incidents.mountOn("/mnt", "a")(mounted)))
    const busy = (each: SimulatedState) => each.mounts.filter((mount) => busyWith(each, mount) !== undefined).map(({ source, target }) => `${source} on ${target}`)
    assert.deepStrictEqual(busy(state), ["/dev/vda1 on /", "a on /srv"])
    const [before, after] = [running(), Incidents.mountOn("/mnt", "/dev/loop0")(running())]
    assert.include(busy(after), `/dev/loop0 on ${rootfs}`)
    assert.deepStrictEqual(busy(after), busy(before))
  })

  it("that a path leads into is the last one on it or above it; the root of the host is none", () => {
    const state = Incidents.mountOn("/srv/a", "inner")(Incidents.mountOn("/srv", "outer")({ ...bare, mounts: [] }))
    assert.deepStrictEqual(["/srv/a/b", "/srv/a", "/srv/b", "/tmp"].map((path) => mountOver(state, path)?.source), ["inner", "inner", "outer", undefined])
    assert.isNull(mountOver(state, "/tmp"))
  })

  it("brings what is mounted below it only where that is asked for", () => {
    const state = Incidents.mountOn("/srv/a", "inner")(Incidents.mountOn("/srv", "outer")(bare))
    assert.deepStrictEqual([sourcesAt(state, "/srv", false), sourcesAt(state, "/srv", true)], [["outer"], ["outer", "inner"]])
  })

  it("takes with it what is in a tmpfs, and of another file system nothing", () => {
    const state = Incidents.putFile(`${rootfs}/file`)(prepared())
    const mount = topMount(state, rootfs)
    assert.isDefined(mount)
    if (mount === undefined) return
    assert.strictEqual(takeOff(state, mount).files, state.files)
    assert.isUndefined(takeOff(state, { ...mount, fsType: "tmpfs" }).files[`${rootfs}/file`])
  })
})

describe("the mounts of a host that propagate", () => {
  const shared = (guest = Guest.obedient()) => running({ propagation: "shared", guest })
  const sources = (state: SimulatedState) => state.containers[0]?.sources

  it("come into the containers below whose root they are, and go from them, and change nothing else", () => {
    const state = shared()
    const [one, two] = [Incidents.mountOn(`${rootfs}/a`, "one")(state), Incidents.mountOn("/srv", "two")(state)]
    assert.deepStrictEqual([sources(one), sources(two)], [["/dev/loop0", "one"], ["/dev/loop0"]])
    assert.deepStrictEqual(Incidents.unmountFrom(`${rootfs}/a`)(one).containers, state.containers)
    const both = Incidents.mountOn(`${rootfs}/b`, "two")(one)
    assert.deepStrictEqual(sources(Incidents.unmountFrom(`${rootfs}/a`)(both)), ["/dev/loop0", "two"])
  })

  it("come into none whose first process has ended", () => {
    assert.deepStrictEqual(sources(Incidents.mountOn(`${rootfs}/a`)(Incidents.killInit("web1")(shared()))), ["/dev/loop0"])
  })

  it("take nothing from a container that does not have it", () => {
    const state = shared(Guest.obedient({ mounts: ["a"] }))
    assert.deepStrictEqual(sources(Incidents.unmountFrom(`${rootfs}/a`)(state)), sources(state))
  })
})

describe("a loop device", () => {
  it("is free as soon as the last process of the container has ended that has it mounted", () => {
    const image = { "/srv/data.img": Guest.obedient() }
    const attached = done(Incidents.putDirectory(`${rootfs}/data`)(prepared({ images: image })), {
      _tag: "AttachLoop", file: at("/srv/data.img"), offset: 0, sizeLimit: 0, readOnly: false, result: "data"
    })
    const mounted = done(attached, { _tag: "Mount", source: at("/dev/loop1"), target: at(`${rootfs}/data`), fsType: null, options: [] })
    const unmounted = done(done(mounted, start()), { _tag: "Unmount", source: "/dev/loop1", target: `${rootfs}/data`, timeoutMs: 0 })
    assert.isTrue(isHeld(unmounted, "/dev/loop1"))
    assert.isFalse(isHeld(Incidents.killInit("web1")(unmounted), "/dev/loop1"))
  })
})
