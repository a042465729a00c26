/**
 * What `effect-lxc host` and `effect-lxc verify` do.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type { HostInfo } from "@effect-lxc/core/host/HostInfo"
import { escape } from "@effect-lxc/core/model/HostText"
import type { Verification } from "@effect-lxc/core/plan/Verification"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { advice } from "../Advice.ts"
import { Json } from "../Globals.ts"
import { HostUnfit } from "../HostUnfit.ts"
import { withHypervisor } from "../Hypervisors.ts"
import { Output } from "../Output.ts"
import { table } from "../Table.ts"

const orNone = (value: number | null): string => value === null ? "-" : String(value)

const hostText = ({ cgroupLayout, controllers, cpu, instances, kernel, lxcVersion, memory }: HostInfo): string => {
  const lines: ReadonlyArray<readonly [word: string, text: string]> = [
    ["memory", `${memory.totalMiB} MiB, ${memory.freeMiB} free, ${memory.hostMiB} in use, ${memory.promisedMiB} promised`],
    ["cpus", `${cpu.total}, ${cpu.promised} promised; NUMA nodes ${cpu.numaNodes}, sockets ${cpu.sockets}`],
    ["kernel", kernel],
    ["lxc", lxcVersion ?? "not installed"],
    ["cgroups", `${cgroupLayout}: ${controllers.join(" ")}`]
  ]
  const rows = instances.map(({ memoryMiB, name, state, usedMiB, vcpus }) => [
    escape(name),
    state,
    orNone(memoryMiB),
    orNone(usedMiB),
    orNone(vcpus)
  ])
  const head = lines.map(([word, text]) => `${word.padEnd(8)}${escape(text)}\n`).join("")
  return rows.length === 0 ? head : `${head}\n${table(["NAME", "STATE", "MEMORY/MiB", "USED/MiB", "VCPUS"], rows)}`
}

/**
 * Prints the host in numbers.
 *
 * @since 0.1.0
 * @category actions
 */
export const host = Effect.fnUntraced(function*(_: object) {
  const output = yield* Output
  const info = yield* withHypervisor(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.host))
  yield* output.out((yield* Json) ? `${JSON.stringify(info, undefined, 2)}\n` : hostText(info))
})

const verifyText = ({ findings }: Pick<Verification, "findings">): string =>
  findings.length === 0
    ? "nothing is wrong with this host\n"
    : findings.map(({ advice, code, message, severity }) =>
      `${severity} ${code}: ${escape(message)}\n  ${escape(advice)}\n`
    ).join("")

/**
 * Prints every finding; fails where one is an error.
 *
 * @since 0.1.0
 * @category actions
 */
export const verify = Effect.fnUntraced(function*(_: object) {
  const output = yield* Output
  const verified = yield* withHypervisor(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.verify))
  const advise = yield* advice
  const found = { ...verified, findings: verified.findings.map((each) => ({ ...each, advice: advise(each.advice) })) }
  yield* output.out((yield* Json) ? `${JSON.stringify(found, undefined, 2)}\n` : verifyText(found))
  if (!found.ok) {
    return yield* new HostUnfit({ count: found.findings.filter(({ severity }) => severity === "error").length })
  }
})
