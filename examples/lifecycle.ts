/**
 * The life of one container: started, inspected, stopped, whatever happens in between.
 *
 * As root: node examples/lifecycle.ts /srv/images/web1.img
 */
import { decodeInstance } from "@effect-lxc/core/model/Instance"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"

/**
 * Starts a container on an image, uses it, and stops it again: also when what used it failed or was interrupted. A start
 * that fails has undone itself; its error says why.
 */
export const lifecycle = (image: string) =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    const wanted = yield* Effect.fromResult(decodeInstance({
      name: "example-web1",
      disks: [{ path: image }],
      resources: { memory: "64MiB", vcpus: 1 }
    }))
    return yield* Effect.acquireUseRelease(
      hypervisor.start(wanted),
      () =>
        Effect.gen(function*() {
          const { cpu, initPid, memory, state } = yield* hypervisor.info(wanted.name)
          yield* Console.log(`${wanted.name} is ${state}: first process ${initPid}, ${memory.limitBytes} bytes, ${cpu.count} cpu`)
          return state
        }),
      () => hypervisor.stop(wanted.name, { timeoutMs: 10_000, force: true })
    )
  })

if (process.argv[1] === import.meta.filename) {
  NodeRuntime.runMain(lifecycle(process.argv[2] ?? "/srv/images/web1.img").pipe(Effect.provide(layer())))
}
