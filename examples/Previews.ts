/**
 * A service of an application, built on the hypervisor: a preview of each branch in a container of its own, a few at a
 * time. Previews.test.ts tests it on the simulated host, which needs neither root nor LXC nor time.
 */
import type { InvalidSpec } from "@effect-lxc/core/model/InvalidSpec"
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import type { ChangeError } from "@effect-lxc/core/runtime/Changes"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Context, Effect, Layer, Semaphore } from "effect"

/** The name of a branch as a host name. */
const nameOf = (branch: string): string =>
  `preview-${branch.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 50)}`

const wantedFor = (branch: string) =>
  Effect.fromResult(decodeInstance({
    name: nameOf(branch),
    disks: [{ path: `/srv/previews/${nameOf(branch)}.img` }],
    resources: { memory: "128MiB", pids: 200 }
  }))

export class Previews extends Context.Service<Previews, {
  /** Shows a branch; the preview that was asked for longest ago goes where there are too many. Gives its name. */
  readonly show: (branch: string) => Effect.Effect<string, ChangeError | InvalidSpec>
  /** The branches that are shown, the one that was asked for last is the last. */
  readonly shown: Effect.Effect<ReadonlyArray<string>>
}>()("example/Previews") {
  static readonly layer = (most: number) =>
    Layer.effect(Previews, Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const one = yield* Semaphore.make(1)
      let shown: ReadonlyArray<string> = []

      const stop = Effect.fnUntraced(function*(branch: string) {
        const { name } = yield* wantedFor(branch)
        yield* hypervisor.stop(name, { timeoutMs: 5_000, force: true })
        shown = shown.filter((each) => each !== branch)
      })

      return Previews.of({
        show: Effect.fn("Previews.show")(function*(branch) {
          if (shown.includes(branch)) {
            shown = [...shown.filter((each) => each !== branch), branch]
            return nameOf(branch)
          }
          const [oldest] = shown
          if (oldest !== undefined && shown.length >= most) yield* stop(oldest)
          yield* hypervisor.start(yield* wantedFor(branch))
          shown = [...shown, branch]
          return nameOf(branch)
        }, one.withPermits(1)),
        shown: Effect.sync(() => shown)
      })
    }))
}
