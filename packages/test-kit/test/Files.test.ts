import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Incidents, SimulatedHost } from "@effect-lxc/test-kit"
import { makeDirectories, namesIn, realPath, remove, write } from "@effect-lxc/test-kit/FileTree"
import { adjustBridges } from "@effect-lxc/test-kit/Interfaces"
import { toolOf } from "@effect-lxc/test-kit/StepTool"
import { assert, describe, it } from "@effect/vitest"
import { holds, start } from "./steps.ts"

const bare = { ...SimulatedHost.state(), files: {} }

describe("a directory", () => {
  it("has the names that are right in it, sorted", () => {
    const state = ["/b/z", "/b/a", "/a/deep/file", "/bc"].reduce((before, path) => write(before, path, "0644", ""), bare)
    assert.deepStrictEqual(["/", "/a", "/b", "/none"].map((path) => namesIn(state, path)), [["a", "b", "bc"], ["deep"], ["a", "z"], []])
  })

  it("is made with all above it, up to the root", () => {
    assert.sameMembers(Object.keys(makeDirectories(bare, "/a/b").files), ["/", "/a", "/a/b"])
  })
})

describe("a file that is taken away", () => {
  it("is not there any more, and where none is the host stays as it is", () => {
    const state = write(bare, "/a/b", "0644", "")
    assert.sameMembers(Object.keys(remove(state, "/a/b").files), ["/", "/a"])
    assert.strictEqual(remove(state, "/a/c"), state)
  })
})

describe("a path", () => {
  it("that is a symbolic link leads to its target, and any other to itself", () => {
    const state = { ...bare, links: { "/dev/mapper/a": "/dev/dm-0" } }
    assert.deepStrictEqual(["/dev/mapper/a", "/dev/dm-0"].map((path) => realPath(state, path)), ["/dev/dm-0", "/dev/dm-0"])
  })
})

describe("a file that is to be written", () => {
  it("is not there where a directory of its mode is", () => {
    const path = HostPath.make("/tmp/a")
    const step = { _tag: "WriteFile", path, mode: "0600", text: "", previous: null } as const
    assert.isFalse(holds(makeDirectories(bare, path, "0600"), step))
    assert.isTrue(holds(Incidents.putFile(path, "", "0600")(bare), step))
  })
})

describe("a step", () => {
  it("has a tool by the name of its command, unless it is done by system calls", () => {
    assert.strictEqual(toolOf(start()), "lxc-start")
    assert.isUndefined(toolOf({ _tag: "MakeDirectory", path: HostPath.make("/tmp/a"), mode: "0755", keep: false }))
  })
})

describe("a bridge", () => {
  it("has the least MTU of its ports, and that of Ethernet where it has none", () => {
    const bridge = (name: string) => ({ name, kind: "bridge", mtu: 9_000, container: null }) as const
    const port = (name: string, mtu: number) => ({ name, kind: "veth", mtu, container: null, bridge: "br0" }) as const
    const mtus = adjustBridges([bridge("br0"), bridge("br1"), port("a", 1_400), port("b", 1_300), port("c", 1_450)]).map(({ mtu }) => mtu)
    assert.deepStrictEqual(mtus, [1_300, 1_500, 1_400, 1_300, 1_450])
  })
})
