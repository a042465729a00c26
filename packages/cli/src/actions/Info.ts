/**
 * What `effect-lxc info` does.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { counted, sizeText } from "@effect-lxc/core/model/AmountText"
import { escape } from "@effect-lxc/core/model/HostText"
import type { ContainerInfo } from "@effect-lxc/core/runtime/Queries"
import { Json } from "../Globals.ts"
import { withQueries } from "../Hypervisors.ts"
import { Output } from "../Output.ts"
import { SeveralFailed } from "../SeveralFailed.ts"

const shown = (info: ContainerInfo) => ({
  name: info.name,
  state: info.state,
  initPid: info.initPid,
  memory: info.memory,
  cpu: info.cpu,
  pids: info.pids,
  io: info.io,
  interfaces: info.interfaces,
  root: info.root,
  startedAt: info.startedAt,
  uptimeSeconds: info.uptimeSeconds,
  managed: info.managed,
  problem: info.problem,
  lxcPath: info.lxcPath,
  meantToRun: info.meantToRun,
  logs: info.logs
})

const size = (bytes: number | null): string => bytes === null ? "?" : sizeText(bytes)

type Line = readonly [word: string, text: string]

/** A line where there is something to tell. */
const line = (word: string, known: boolean, text: () => string): ReadonlyArray<Line> => known ? [[word, text()]] : []

const orUnlimited = (limit: string | number | null): string => limit === null ? ", no limit" : ` of ${limit}`

const memoryLines = ({ memory }: ContainerInfo): ReadonlyArray<Line> => [
  ...line("memory", memory.usageBytes !== null || memory.limitBytes !== null, () => {
    const limit = memory.limitBytes === null ? null : size(memory.limitBytes)
    const peak = memory.peakBytes === null ? "" : `, ${size(memory.peakBytes)} at most`
    return `${size(memory.usageBytes)}${orUnlimited(limit)}${peak}`
  }),
  ...line("swap", (memory.swapUsageBytes ?? 0) > 0 || memory.swapLimitBytes !== null, () =>
    `${size(memory.swapUsageBytes)}${orUnlimited(memory.swapLimitBytes === null ? null : size(memory.swapLimitBytes))}`),
  ...line("killed", (memory.oomKills ?? 0) > 0, () => `${memory.oomKills} processes, for want of memory`)
]

const useLines = ({ cpu, io, pids }: ContainerInfo): ReadonlyArray<Line> => [
  ...line("cpu", cpu.usageSeconds !== null || cpu.count !== null, () =>
    `${cpu.usageSeconds?.toFixed(2) ?? "?"} s used, of ${cpu.count === null ? "? cpus" : counted(cpu.count, "cpu")}${cpu.set === null ? "" : ` (${cpu.set})`}${
      cpu.weight === null ? "" : `, weight ${cpu.weight}`
    }`),
  ...line("pids", pids.current !== null || pids.limit !== null, () => `${pids.current ?? "?"}${orUnlimited(pids.limit)}`),
  ...line("io", io.readBytes !== null, () => `${size(io.readBytes)} read, ${size(io.writtenBytes)} written`)
]

const rootText = ({ backingFile, fsType, sizeBytes, source, usedBytes }: NonNullable<ContainerInfo["root"]>): string =>
  `${source}${backingFile === null ? "" : ` (${backingFile})`}, ${fsType}, ${size(usedBytes)} of ${size(sizeBytes)} used`

const networkLines = ({ interfaces }: ContainerInfo): ReadonlyArray<Line> =>
  interfaces.filter(({ name }) => name !== "lo").map(({ addresses, hostName, name, receivedBytes, sentBytes }) => [
    "network",
    [
      `${name}${hostName === null ? "" : ` (${hostName} on the host)`}`,
      `${size(receivedBytes)} received, ${size(sentBytes)} sent`,
      ...addresses
    ].join(", ")
  ])

const block = (info: ContainerInfo): string => {
  const { root } = info
  const lines: ReadonlyArray<Line> = [
    ["state", info.initPid === null ? info.state : `${info.state}, first process ${info.initPid}`],
    ...line("problem", info.problem !== null, () => info.problem ?? ""),
    ...line("started", info.startedAt !== null, () => `${info.startedAt}, ${Math.floor(info.uptimeSeconds ?? 0)} s ago`),
    ...memoryLines(info),
    ...useLines(info),
    ...(root === null ? [] : [["root", rootText(root)] as const]),
    ...networkLines(info),
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
  const results = yield* withQueries((queries) =>
    names.length === 0
      ? Effect.map(queries.infoAll(), (infos) => infos.map((each) => Result.succeed(each)))
      : Effect.forEach([...new Set(names)], (name) => Effect.result(queries.info(name)))
  )
  const infos = results.filter(Result.isSuccess).map((each) => each.success)
  const errors = results.filter(Result.isFailure).map((each) => each.failure)
  yield* output.out((yield* Json) ? `${JSON.stringify(infos.map(shown), undefined, 2)}\n` : textOf(infos))
  if (errors.length > 0) return yield* new SeveralFailed({ errors })
})
