import type { Hierarchy } from "@effect-lxc/core/host/CgroupLayout"
import { cgroupDirectories, type CgroupTrees } from "@effect-lxc/node-runtime/CgroupTree"
import { assert, describe, it } from "@effect/vitest"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

const inTrees = (groups: Record<"memory" | "unified", ReadonlyArray<string>>, body: (trees: CgroupTrees) => void): void => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "effect-lxc-groups-"))
  const tree = (name: "memory" | "unified", version: 1 | 2): Hierarchy => {
    const mountPoint = path.join(directory, name)
    for (const group of groups[name]) fs.mkdirSync(path.join(mountPoint, group), { recursive: true })
    return { mountPoint, version, controllers: [] }
  }
  try {
    body({ layout: "hybrid", hierarchies: [tree("memory", 1), tree("unified", 2)] })
  } finally {
    fs.rmSync(directory, { recursive: true })
  }
}

const seen = (trees: CgroupTrees, instance?: string) =>
  cgroupDirectories(trees, instance).map((each) => {
    const { hierarchies, name } = each()
    return `${name} in ${hierarchies.map((mountPoint) => path.basename(mountPoint)).join(", ")}`
  })

describe("the directories of a container in the cgroup trees", () => {
  const groups = {
    memory: ["lxc.payload.web1", "lxc.payload.web1-2", "lxc.payload.web1-17", "lxc.monitor.app1", "system.slice"],
    unified: ["lxc.payload.web1", "lxc.monitor.web1-1", "lxc.payload.web1-17", "lxc.payload.app1", "user.slice"]
  }

  it("are found in every tree, whichever of them has it", () =>
    inTrees(groups, (trees) =>
      assert.deepStrictEqual(seen(trees, "web1"), [
        "lxc.monitor.web1-1 in unified",
        "lxc.payload.web1 in memory, unified",
        "lxc.payload.web1-17 in memory, unified",
        "lxc.payload.web1-2 in memory"
      ])))

  it("are found of all where nobody is named", () =>
    inTrees(groups, (trees) =>
      assert.deepStrictEqual(seen(trees), [
        "lxc.monitor.app1 in memory",
        "lxc.monitor.web1-1 in unified",
        "lxc.payload.app1 in unified",
        "lxc.payload.web1 in memory, unified",
        "lxc.payload.web1-17 in memory, unified",
        "lxc.payload.web1-2 in memory"
      ])))
})
