import { disksTaken } from "@effect-lxc/core/plan/DisksTaken"
import { planExport } from "@effect-lxc/core/plan/ExportPlan"
import { planStart } from "@effect-lxc/core/plan/StartPlan"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import type { HostFacts, PathFacts } from "@effect-lxc/core/host/HostFacts"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { directories, factsFor, host, instance } from "./fixtures.ts"

const at = (path: string, kind: PathFacts["kind"]): PathFacts => ({ path, kind, realPath: path })

const withPaths = (facts: HostFacts, ...paths: ReadonlyArray<PathFacts>): HostFacts => ({ ...facts, paths })

describe("the disks that a plan takes", () => {
  it("are its images and directories, and not what many instances may share", () => {
    const one = instance({
      disks: [{ path: "/srv/root" }, { path: "/srv/data.img", target: "srv/data" }],
      lxc: { seccomp: "/etc/profile", mounts: [{ source: "/srv/shared", target: "mnt" }] }
    })
    const facts = withPaths(
      factsFor(host(), one),
      at("/srv/root", "directory"), at("/srv/data.img", "file"), at("/etc/profile", "file"), at("/srv/shared", "directory")
    )
    const plan = Result.getOrThrow(planStart(one, directories, facts))
    assert.deepStrictEqual(disksTaken(plan).map(({ path }) => path), ["/srv/root", "/srv/data.img"])
  })

  it("are the root of an export, and not the file it is packed into", () => {
    const one = instance()
    const archive = HostPath.make("/srv/old.export")
    const facts = withPaths(factsFor(host(), one), at("/srv/web1.img", "file"), at(archive, "file"), at("/srv", "directory"))
    const plan = Result.getOrThrow(planExport(one.name, archive, directories, facts, { instance: one, force: true }))
    assert.deepStrictEqual(disksTaken(plan).map(({ path }) => path), ["/srv/web1.img"])
  })
})
