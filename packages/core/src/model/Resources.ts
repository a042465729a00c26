/**
 * What an instance may use of the host.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { CpuSet } from "./CpuSet.ts"
import { refuses, satisfies, wholeNumber } from "./Field.ts"
import { MemorySize } from "./MemorySize.ts"

/**
 * The least memory, in bytes, with which a start ends one way or the other: with 64 KiB the monitor of LXC 5.0.2 hangs
 * for ever on a guest that is killed before it runs, with 1 MiB even busybox is killed.
 *
 * @since 0.1.0
 * @category constants
 */
export const minimumMemory = 2 * 1024 * 1024

/**
 * A weight on the scale of cgroup v2.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Weight = Schema.Finite.check(
  wholeNumber(1, 10_000, "a whole number from 1 to 10000 (100 is the weight of everyone who says nothing)")
)

/**
 * How many processors' worth of time.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Vcpus = Schema.Finite.check(satisfies(
  "a number of processors from 0.01 to 8192",
  (vcpus: number) => vcpus >= 0.01 && vcpus <= 8192,
  { minimum: 0.01, maximum: 8192 }
))

/**
 * How many processes and threads.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Pids = Schema.Finite.check(wholeNumber(1, 4_194_304))

/**
 * Limits; what is not said is not limited. `memory` and `swap` (beyond memory) in bytes; `vcpus` is how many
 * processors' worth of time, also a part of one; `cpuMask` says which processors; weights are on the scale of
 * cgroup v2 (cgroup-v2.rst of the kernel); `pids` counts processes and threads.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Resources = Schema.Struct({
  memory: Schema.optionalKey(MemorySize.check(
    refuses((bytes) => bytes < minimumMemory ? "is below 2MiB, with which no container works" : undefined)
  )),
  swap: Schema.optionalKey(MemorySize),
  vcpus: Schema.optionalKey(Vcpus),
  cpuMask: Schema.optionalKey(CpuSet),
  cpuWeight: Schema.optionalKey(Weight),
  pids: Schema.optionalKey(Pids),
  ioWeight: Schema.optionalKey(Weight)
}).check(
  Schema.makeFilter(({ memory, swap }) => {
    if (swap !== undefined && memory === undefined) {
      return { path: ["swap"], issue: "needs memory: it is an amount beyond the limit of memory" }
    }
    return Number.isSafeInteger((memory ?? 0) + (swap ?? 0))
      ? undefined
      : { path: ["swap"], issue: "memory and swap together are too large" }
  }),
  Schema.makeFilter(({ cpuMask, vcpus }) =>
    cpuMask === undefined || vcpus === undefined || vcpus === cpuMask.length
      ? undefined
      : { path: ["vcpus"], issue: `must be ${cpuMask.length}, as many as cpuMask names, not ${vcpus}; or leave one out` }
  )
)

/**
 * @since 0.1.0
 * @category models
 */
export type Resources = typeof Resources.Type
