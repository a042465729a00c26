import { assert, describe, it } from "@effect/vitest"
import { Schema } from "effect"
import { Directories } from "@effect-lxc/core/host/Directories"
import { fnv1a64 } from "@effect-lxc/core/model/Hash"
import { derive, Mac } from "@effect-lxc/core/model/Mac"
import { isVethName, vethName, vethPrefix } from "@effect-lxc/core/model/VethName"

describe("fnv1a64", () => {
  it("gives the published values of FNV-1a", () => {
    const vectors: ReadonlyArray<readonly [string, bigint]> = [
      ["", 0xcbf29ce484222325n], ["a", 0xaf63dc4c8601ec8cn], ["foobar", 0x85944171f73967e8n], ["b", 0xaf63df4c8601f1a5n]
    ]
    for (const [text, hash] of vectors) {
      assert.strictEqual(fnv1a64(text), hash)
    }
  })

  it.prop("hashes the UTF-8 bytes", [Schema.String], ([text]) => {
    let hash = 0xcbf29ce484222325n
    for (const byte of new TextEncoder().encode(text)) {
      hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
    }
    assert.strictEqual(fnv1a64(text), hash)
  })
})

describe("Directories", () => {
  it("are three: what is of one kind is never taken for another's", () => {
    const roots = { run: "/run/x", log: "/var/log/x", state: "/var/lib/x" }
    const decode = Schema.decodeUnknownSync(Directories)
    assert.strictEqual(decode(roots).log, "/var/log/x")
    for (const same of [{ log: "/run/x" }, { state: "/run/x" }, { state: "/var/log/x" }]) {
      assert.throws(() => decode({ ...roots, ...same }), /each needs a directory of its own/)
    }
  })
})

describe("Mac", () => {
  const decode = Schema.decodeUnknownSync(Mac)
  const index = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99 }))

  it("takes the address of one interface, and writes it in small letters", () => {
    assert.strictEqual(decode("AA:00:00:12:34:56"), "aa:00:00:12:34:56")
  })

  it("refuses groups, nobody, and what is no address", () => {
    const wrong = [
      "01:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00", "aa:00:00:11:22", "aa-00-00-12-34-56", "aa:00:00:12:34:5g",
      "aa:00:00:12:34:56:78", "aa:00:00:12:34:xx", "", "aa:00:00:12:34:56\n", "аа:00:00:12:34:56"
    ]
    for (const mac of wrong) {
      assert.throws(() => decode(mac))
    }
  })

  it.prop("derives one unicast, locally administered address for a name and index", [Schema.String, index], ([name, i]) => {
    const mac = derive(name, i)
    assert.strictEqual(decode(mac), mac)
    assert.strictEqual(mac, derive(name, i))
    assert.strictEqual(Number.parseInt(mac.slice(0, 2), 16) & 3, 2)
  })

  it("derives the same address from release to release: DHCP servers know it", () => {
    assert.deepStrictEqual([derive("web1", 0), derive("web1", 1)], ["92:de:df:4f:bc:c5", "36:9b:a0:97:60:04"])
  })

  it("derives different addresses for the nics of an instance and for like names", () => {
    const macs = ["web1", "web10", "web1-1", "1web"].flatMap((name) => Array.from({ length: 100 }, (_, i) => derive(name, i)))
    assert.strictEqual(new Set(macs).size, macs.length)
  })
})

describe("vethName", () => {
  it.prop("fits an interface and begins with the prefix of its instance", [Schema.String], ([name]) => {
    for (const i of [0, 9, 10, 99]) {
      assert.match(vethName(name, i), /^el[0-9a-z]{10}n[0-9]{1,2}$/)
      assert.isTrue(vethName(name, i).startsWith(vethPrefix(name)))
      assert.isTrue(isVethName(vethName(name, i)))
    }
  })

  it("stays the same from release to release, for leftovers are found by it", () => {
    assert.strictEqual(vethName("web1", 0), "elv3db0g35tsn0")
    assert.strictEqual(derive("web1", 0), "92:de:df:4f:bc:c5")
  })
})
