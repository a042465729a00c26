import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { base, HostPath, isBelow, join, parent } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { InterfaceName } from "@effect-lxc/core/model/Nic"
import { hostileTexts } from "./specs.ts"

const isName = Schema.is(InstanceName)
const isPath = Schema.is(HostPath)
const path = Schema.decodeSync(HostPath)

describe("InstanceName", () => {
  it("takes host names up to 64 bytes", () => {
    for (const name of ["a", "0", "web1", "web1.example.com", "a-b.c", "a".repeat(63), `${"a".repeat(60)}.bcd`]) {
      assert.isTrue(isName(name), name)
    }
  })

  it("refuses what is no host name, a path or an option", () => {
    const names = [
      "", ".", "..", "a..b", ".a", "a.", "-a", "a-", "Web1", "a_b", "a b", "a/b", "a\n", "a\0", "wеb", "é", "*", "$x",
      "a".repeat(64), `${"a".repeat(60)}.bcde`, "\ud800"
    ]
    for (const name of names) {
      assert.isFalse(isName(name), name)
    }
  })

  it.prop("never lets anything through that could leave its directory", [hostileTexts], ([text]) =>
    !isName(text) || /^[a-z0-9][a-z0-9.-]*$/.test(text) && !text.includes(".."))
})

describe("HostPath", () => {
  it("takes absolute paths that mean what they say", () => {
    for (const each of ["/", "/a", "/srv/web 1/ü.img", "/a/...", "/a/.b", `/${"a".repeat(4094)}`]) {
      assert.isTrue(isPath(each), each)
    }
  })

  it("refuses relative, ambiguous, broken and over-long paths", () => {
    const paths = ["", "a", "a/b", "//", "/a/", "/a//b", "/a/../b", "/..", "/.", "/a/.", "/a\nb", "/a\0", "/\ud800", `/${"a".repeat(4095)}`]
    for (const each of [...paths, `/${"é".repeat(2048)}`]) {
      assert.isFalse(isPath(each), each)
    }
  })

  it("compares whole components: web1 is no prefix of web10", () => {
    assert.isTrue(isBelow("/run/web1", "/run/web1/x"))
    assert.isTrue(isBelow("/", "/a"))
    assert.isFalse(isBelow("/run/web1", "/run/web10"))
    assert.isFalse(isBelow("/run/web1", "/run/web1"))
    assert.isFalse(isBelow("/", "/"))
  })

  it("joins, and takes apart what it joined", () => {
    const joined = join(path("/run"), "web1", "rootfs")
    assert.strictEqual(joined, "/run/web1/rootfs")
    assert.strictEqual(join(path("/"), "a"), "/a")
    assert.strictEqual(join(path("/a")), "/a")
    assert.strictEqual(parent(joined), "/run/web1")
    assert.strictEqual(parent(path("/a")), "/")
    assert.strictEqual(parent(path("/")), "/")
    assert.strictEqual(base(joined), "rootfs")
    assert.strictEqual(base(path("/")), "")
  })

  it("never joins a component that leads elsewhere", () => {
    for (const name of ["..", ".", "", "a/../b", "a\nb"]) {
      assert.throws(() => join(path("/run"), name), RangeError)
    }
  })
})

describe("InterfaceName", () => {
  it("refuses what the kernel or a command line would misread", () => {
    const isInterface = Schema.is(InterfaceName)
    for (const name of ["br0", "eth0.100", "a", "a".repeat(15), "br-lan"]) {
      assert.isTrue(isInterface(name), name)
    }
    for (const name of ["", ".", "..", "a/b", "a b", "a:1", "-a", "a".repeat(16), "é", "a\n", "eth%d", "ｂr0"]) {
      assert.isFalse(isInterface(name), name)
    }
  })
})
