import { assert, it } from "@effect/vitest"
import { Effect } from "effect"
import { cli, temporary } from "./Harness.ts"

const { file } = temporary()

it.effect("schema prints the JSON Schema of a spec on stdout, and needs no host", () =>
  Effect.gen(function*() {
    const { code, err, out } = yield* cli(["schema"])
    assert.deepInclude(JSON.parse(out), { $schema: "https://json-schema.org/draft/2020-12/schema", required: ["name", "disks"] })
    assert.deepStrictEqual([code, err], [0, ""])
  }))

it.live("a simulated start has the partitions and mounts that its spec names", () =>
  Effect.gen(function*() {
    const spec = file("parted.yaml", [
      "name: web1",
      "disks: [{ path: /srv/a.img, partition: 2, volatile: true }, { path: /srv/a.img, partition: 1, target: srv/data }]",
      "lxc: { mounts: [{ source: /srv/shared, target: mnt }] }"
    ].join("\n"))
    const { code, err } = yield* cli(["start", spec, "--simulate"])
    assert.strictEqual(code, 0, err)
  }))
