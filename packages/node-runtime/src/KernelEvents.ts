/**
 * What the kernel tells of containers by itself.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { monitorCgroup, payloadCgroup } from "@effect-lxc/core/host/CgroupLayout"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as fs from "node:fs"
import { trackingTree } from "./CgroupTree.ts"
import { names } from "./KernelFiles.ts"
import { currentTrees } from "./Mounts.ts"

const ofLxc = [payloadCgroup(""), monitorCgroup("")]

/**
 * The files and directories that tell: the roots of the tree that tracks processes and of the run directory, where groups
 * and containers come and go; of each group whether it has processes, and whether it is frozen. cgroup.events is written
 * by the kernel itself; freezer.state tells when somebody writes to it.
 */
const places = (directories: Directories): ReadonlyArray<string> => {
  const trees = currentTrees()
  const root = trackingTree(trees)?.mountPoint
  if (root === undefined) return [directories.containers]
  const freezer = trees.hierarchies.find(({ controllers, version }) => version === 1 && controllers.includes("freezer"))
  const groups = names(root).filter((name) => ofLxc.some((prefix) => name.startsWith(prefix)))
  return [
    root,
    directories.run,
    directories.containers,
    ...groups.map((group) => `${root}/${group}/cgroup.events`),
    ...(freezer === undefined ? [] : groups.map((group) => `${freezer.mountPoint}/${group}/freezer.state`))
  ]
}

/**
 * Gives an effect that ends when something may have changed since it last ended. What it watches is bounded by the
 * containers there are, and what it keeps is one word.
 *
 * @since 0.1.0
 * @category watching
 */
export const kernelEvents = Effect.fnUntraced(function*(directories: Directories) {
  const events = yield* Queue.sliding<void>(1)
  const watchers = new Map<string, fs.FSWatcher>()
  const wake = (): void => void Queue.offerUnsafe(events, undefined)
  const forget = (place: string): void => {
    watchers.get(place)?.close()
    watchers.delete(place)
  }
  const watch = (place: string): void => {
    if (watchers.has(place) || !fs.existsSync(place)) return
    try {
      const watcher = fs.watch(place, (event) => {
        // A file that is renamed or removed is watched anew, where there is one.
        if (event === "rename" && !fs.existsSync(place)) forget(place)
        wake()
      })
      watchers.set(place, watcher.on("error", () => forget(place)))
    } catch {
      // gone between the two calls, or no more watches to be had: a look now and then still sees it
    }
  }
  const refresh = Effect.sync(() => {
    const wanted = new Set(places(directories))
    for (const place of watchers.keys()) if (!wanted.has(place) || !fs.existsSync(place)) forget(place)
    wanted.forEach(watch)
  })
  yield* Effect.acquireRelease(refresh, () => Effect.sync(() => [...watchers.keys()].forEach(forget)))
  return Effect.andThen(refresh, Queue.take(events))
})
