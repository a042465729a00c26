import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { glimpse } from "@effect-lxc/core/host/FactsFor"
import { macTakenBy } from "@effect-lxc/core/host/FactsIndex"
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { derive } from "@effect-lxc/core/model/Mac"
import { emptyHost, Facts } from "@effect-lxc/test-kit"
import { assert, it } from "@effect/vitest"
import { Result } from "effect"

it("a record that several have gives each the MAC of its own name", () => {
  const record = Result.getOrThrow(decodeInstance({ name: "one", disks: [{ path: "/srv/one" }], nics: [{ link: "br0" }] }))
  const containers = ["one", "two"].map((name) => glimpse({ lxcPath: "/run/c", name, record, meantToRun: true }))
  const facts = { ...Facts.factsOf(emptyHost(), defaultDirectories), containers }
  const takenBy = (name: string) => macTakenBy(facts, "new", { link: "br0", mac: derive(name, 0) })
  assert.deepStrictEqual([takenBy("one"), takenBy("two"), takenBy("three")], [["one"], ["two"], []])
})
