/**
 * What is asked of a hypervisor, and what befalls its host meanwhile.
 *
 * @since 0.1.0
 */
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import type { Happening } from "../Happening.ts"
import type { Request } from "../Request.ts"

/**
 * One thing of a sequence: somebody asks, or something happens.
 *
 * @since 0.1.0
 * @category models
 */
export type Occasion =
  | { readonly _tag: "Asked"; readonly request: Request }
  | { readonly _tag: "Happened"; readonly happening: Happening }

const name = InstanceName.make("web1")

/** After a start the simplest come first: it is towards them that an occasion shrinks. */
const occasions: ReadonlyArray<Occasion> = [
  ...([
    { _tag: "Stop", name },
    { _tag: "Kill", name },
    { _tag: "Stop", name, timeoutMs: 500, force: true },
    { _tag: "Reboot", name },
    { _tag: "Freeze", name },
    { _tag: "Thaw", name },
    { _tag: "Cleanup", name },
    { _tag: "CleanupAll" },
    { _tag: "Recover" },
    { _tag: "Resize", name, wanted: { pids: 100 } },
    { _tag: "RebootInPlace", name }
  ] satisfies ReadonlyArray<Request>).map((request): Occasion => ({ _tag: "Asked", request })),
  ...([
    { _tag: "KillInit", name },
    { _tag: "KillMonitor", name },
    { _tag: "StopMonitor", name },
    { _tag: "ContinueMonitor", name },
    { _tag: "OrphanContainer", name },
    { _tag: "PowerOff", name },
    { _tag: "FreezeContainer", name },
    { _tag: "LeaveCgroup", group: `lxc.monitor.${name}` },
    { _tag: "Boot", bootId: "5a1d1b2e-0000-4000-8000-000000000002" }
  ] satisfies ReadonlyArray<Happening>).map((happening): Occasion => ({ _tag: "Happened", happening }))
]

const first: Occasion = { _tag: "Asked", request: { _tag: "Start", spec: { name, disks: [{ path: "/srv/web1.img" }] } } }

const occasion: Arbitrary.Arbitrary<Occasion> = Arbitrary.map(
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: occasions.length }))),
  (index) => index === 0 ? first : occasions[index - 1] ?? first
)

/**
 * Up to `most` requests and happenings about one instance, `web1` in `/srv/web1.img`; shrinks to fewer.
 *
 * @since 0.1.0
 * @category arbitraries
 */
export const sequence = (most: number): Arbitrary.Arbitrary<ReadonlyArray<Occasion>> => Arbitrary.array(occasion, { maxLength: most })
