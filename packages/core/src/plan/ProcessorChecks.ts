/**
 * Whether a host has the processors that a spec names.
 *
 * @since 0.1.0
 */
import type { HostFacts } from "../host/HostFacts.ts"
import { render } from "../model/CpuSet.ts"
import type { Resources } from "../model/Resources.ts"
import type { Rejection } from "./PlanRejected.ts"

/**
 * The kernel would refuse the whole mask, at the start. Of what the facts do not say nothing is checked.
 *
 * @since 0.1.0
 * @category planners
 */
export const checkProcessors = ({ cpuMask = [] }: Partial<Resources>, { cpus }: HostFacts): ReadonlyArray<Rejection> => {
  const absent = cpus === undefined ? [] : cpuMask.filter((cpu) => !cpus.includes(cpu))
  return absent.length === 0 ? [] : [{
    code: "cpu-missing",
    field: "resources.cpuMask",
    message: `this host has no ${absent.length === 1 ? "processor" : "processors"} ${render(absent)}`,
    advice: `it has ${render(cpus ?? [])}: name some of these`
  }]
}
