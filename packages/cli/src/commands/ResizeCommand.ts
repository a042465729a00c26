/**
 * `effect-lxc resize`.
 *
 * @since 0.1.0
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { CpuSet } from "@effect-lxc/core/model/CpuSet"
import { MemorySize } from "@effect-lxc/core/model/MemorySize"
import { minimumMemory, Pids, Vcpus, Weight } from "@effect-lxc/core/model/Resources"
import { dryRun, format, instanceName, toggle } from "../Flags.ts"
import { lazily } from "../Lazily.ts"

interface Value<A> {
  readonly schema: Schema.ConstraintDecoder<A>
  readonly metavar: string
  readonly expected: string
  readonly fits?: (value: A) => boolean
}

/** What is given as text, read as a spec would be. */
const limit = <A>(name: string, description: string, { expected, fits = () => true, metavar, schema }: Value<A>) => {
  const decode = Schema.decodeUnknownResult(schema)
  return Flag.String(name).pipe(
    Flag.withMetavar(metavar),
    Flag.withDescription(description),
    Flag.filterMap((given) => {
      const written = /^[0-9]+(\.[0-9]+)?$/.test(given) ? Number(given) : given
      return Result.getSuccess(Result.filterOrFail(decode(written), fits, () => undefined))
    }, () => expected),
    Flag.optional
  )
}

const weight = { schema: Weight, metavar: "N", expected: "a whole number from 1 to 10000" }

/**
 * Changes the limits of a running container.
 *
 * @since 0.1.0
 * @category commands
 */
export const resizeCommand = Command.make(
  "resize",
  {
    name: instanceName,
    memory: limit("memory", "Memory it may use", {
      schema: MemorySize,
      metavar: "SIZE",
      expected: "an amount such as 512KiB, 64MiB or 2GiB, 2MiB at least",
      fits: (bytes) => bytes >= minimumMemory
    }),
    swap: limit("swap", "Swap it may use beyond memory", {
      schema: MemorySize,
      metavar: "SIZE",
      expected: "an amount such as 0, 64MiB or 2GiB"
    }),
    vcpus: limit("vcpus", "How many processors' worth of time it may use", {
      schema: Vcpus,
      metavar: "N",
      expected: "a number of processors from 0.01 to 8192"
    }),
    cpuMask: limit("cpu-mask", "Processors it may run on", {
      schema: CpuSet,
      metavar: "CPUS",
      expected: "processors such as 0-2,5"
    }),
    cpuWeight: limit("cpu-weight", "Its share where processors are short (100 is everyone's)", weight),
    pids: limit("pids", "How many processes and threads it may have", {
      schema: Pids,
      metavar: "N",
      expected: "a whole number from 1 to 4194304"
    }),
    ioWeight: limit("io-weight", "Its share where disks are busy (100 is everyone's)", weight),
    force: toggle("force", "Also below what it uses: on cgroup v2 the kernel then kills processes until it fits; on v1 and hybrid it refuses what it cannot reclaim, and no limit is changed"),
    dryRun,
    format
  },
  lazily(() => import("../actions/Resize.ts").then((action) => action.resize))
).pipe(
  Command.withDescription("Change the limits of a running container, all of them or none; its record follows"),
  Command.withShortDescription("Change the limits of a running container"),
  Command.withExamples([{ command: "effect-lxc resize web1.example.com --memory 64MiB --vcpus 2 --pids 200" }])
)
