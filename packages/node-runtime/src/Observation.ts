/**
 * What is looked at without a thought of changing it: it needs no tool, and no step.
 *
 * @since 0.1.0
 */
import type { Host } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { type ContainersOptions, containersToObserve, runningNames } from "./Containers.ts"
import { callFailed, systemCall } from "./HostFiles.ts"
import { requireTrees } from "./Mounts.ts"
import { requireRealPath } from "./RunDirectory.ts"
import { inSlices } from "./Slices.ts"
import { usageReader } from "./Usage.ts"

/**
 * The containers of this host and what they use; `recordOf` reads their records, where a query asks for them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const observation = (recordOf?: ContainersOptions["recordOf"]): Pick<Host["Service"], "containers" | "names" | "usage"> => ({
  containers: Effect.fn("NodeHost.containers")(function*({ all, directories, name, records }) {
    yield* requireRealPath(directories)
    const trees = yield* requireTrees
    const signs = yield* systemCall("read", "/proc and /sys", () =>
      containersToObserve(directories, trees, {
        all: all ?? false,
        named: name === undefined ? undefined : (each) => each === name,
        recordOf: records === true ? recordOf : undefined
      }))
    return yield* inSlices("/proc and /sys", signs, (observed) => observed())
  }),
  names: ({ directories }) =>
    Effect.andThen(requireRealPath(directories), systemCall("read", "/proc/net/unix", () => runningNames(directories))),
  usage: Effect.fn("NodeHost.usage")(function*({ containers, fields }) {
    const read = usageReader(yield* requireTrees, fields)
    return yield* inSlices("/sys/fs/cgroup", containers, (container) =>
      Result.try({ try: () => read(container), catch: (error) => callFailed("read", "/sys/fs/cgroup", error) }))
  })
})
