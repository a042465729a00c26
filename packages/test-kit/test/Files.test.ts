import { SimulatedHost } from "@effect-lxc/test-kit"
import { makeDirectories, namesIn, write } from "@effect-lxc/test-kit/FileTree"
import { adjustBridges } from "@effect-lxc/test-kit/Interfaces"
import { assert, describe, it } from "@effect/vitest"

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

describe("a bridge", () => {
  it("has the least MTU of its ports, and that of Ethernet where it has none", () => {
    const bridge = (name: string) => ({ name, kind: "bridge", mtu: 9_000, container: null }) as const
    const port = (name: string, mtu: number) => ({ name, kind: "veth", mtu, container: null, bridge: "br0" }) as const
    const mtus = adjustBridges([bridge("br0"), bridge("br1"), port("a", 1_400), port("b", 1_300), port("c", 1_450)]).map(({ mtu }) => mtu)
    assert.deepStrictEqual(mtus, [1_300, 1_500, 1_400, 1_300, 1_450])
  })
})
