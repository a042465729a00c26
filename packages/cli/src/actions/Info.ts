/**
 * What `effect-lxc info` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { escape } from "@effect-lxc/core/model/HostText"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import type { ContainerInfo } from "@effect-lxc/core/runtime/Queries"
import { Json } from "../Globals.ts"
import { withHypervisor } from "../Hypervisors.ts"
import { Output } from "../Output.ts"
import { SeveralFailed } from "../SeveralFailed.ts"

const shown = (info: ContainerInfo) => ({
  name: info.name,
  state: info.state,
  initPid: info.initPid,
  memory: info.memory,
  cpu: info.cpu,
  pids: info.pids,
  startedAt: info.startedAt,
  managed: info.managed,
  problem: info.problem,
  lxcPath: info.lxcPath,
  meantToRun: info.meantToRun,
  logs: info.logs
})

const mebibytes = (bytes: number | null): string => bytes === null ? "?" : (bytes / 2 ** 20).toFixed(1)

const block = (info: ContainerInfo): string => {
  const { cpu, memory, pids } = info
  const lines: ReadonlyArray<readonly [string, string]> = [
    ["state", info.initPid === null ? info.state : `${info.state}, first process ${info.initPid}`],
    ...(info.problem === null ? [] : [["problem", info.problem] as const]),
    ...(info.startedAt === null ? [] : [["started", info.startedAt] as const]),
    ...(memory.usageBytes === null && memory.limitBytes === null ? [] : [[
      "memory",
      `${mebibytes(memory.usageBytes)} MiB${memory.limitBytes === null ? ", no limit" : ` of ${mebibytes(memory.limitBytes)} MiB`}`
    ] as const]),
    ...(cpu.usageSeconds === null && cpu.count === null ? [] : [[
      "cpu",
      `${cpu.usageSeconds?.toFixed(2) ?? "?"} s used, of ${cpu.count ?? "?"} cpus`
    ] as const]),
    ...(pids.current === null && pids.limit === null ? [] : [[
      "pids",
      `${pids.current ?? "?"}${pids.limit === null ? ", no limit" : ` of ${pids.limit}`}`
    ] as const]),
    ["logs", `${info.logs.lxc} ${info.logs.console}`]
  ]
  return [escape(info.name), ...lines.map(([word, text]) => `  ${word.padEnd(9)}${escape(text)}`)].join("\n")
}

const textOf = (infos: ReadonlyArray<ContainerInfo>): string =>
  infos.length === 0 ? "" : `${infos.map(block).join("\n\n")}\n`

/**
 * Prints what containers use; what cannot be had does not keep back the rest.
 *
 * @since 0.1.0
 * @category actions
 */
export const info = Effect.fnUntraced(function*({ names }: { readonly names: ReadonlyArray<string> }) {
  const output = yield* Output
  const results = yield* withHypervisor(Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    return names.length === 0
      ? (yield* hypervisor.infoAll).map((each) => Result.succeed(each))
      : yield* Effect.forEach([...new Set(names)], (name) => Effect.result(hypervisor.info(name)))
  }))
  const infos = results.filter(Result.isSuccess).map((each) => each.success)
  const errors = results.filter(Result.isFailure).map((each) => each.failure)
  yield* output.out((yield* Json) ? `${JSON.stringify(infos.map(shown), undefined, 2)}\n` : textOf(infos))
  if (errors.length > 0) return yield* new SeveralFailed({ errors })
})
