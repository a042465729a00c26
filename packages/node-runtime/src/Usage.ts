/**
 * What a container uses, from its cgroups and /proc.
 *
 * @since 0.1.0
 */
import type { ContainerUsage } from "@effect-lxc/core/host/ContainerUsage"
import type { ContainerFacts } from "@effect-lxc/core/host/HostFacts"
import { isAlive, isSameProcess, type ProcessStat } from "@effect-lxc/core/host/ProcessStat"
import { parseKernel } from "@effect-lxc/core/model/CpuSet"
import * as Option from "effect/Option"
import { type CgroupTrees, groupOf } from "./CgroupTree.ts"
import { readInteger, readText } from "./KernelFiles.ts"
import { processStat, startedAfterBoot } from "./Processes.ts"

/** v1 shows "no limit" as the largest multiple of the page size. */
const unlimited = 2 ** 62

const limit = (bytes: number | undefined): number | null => bytes === undefined || bytes < 0 || bytes >= unlimited ? null : bytes

const cpusOf = (text: string | undefined): number | null => {
  const cpus = Option.getOrElse(parseKernel(text ?? ""), () => [])
  return cpus.length === 0 ? null : cpus.length
}

const quotaV1 = (group: string): number | null => {
  const quota = readInteger(`${group}/cpu.cfs_quota_us`)
  const period = readInteger(`${group}/cpu.cfs_period_us`)
  return quota === undefined || quota <= 0 || period === undefined || period <= 0 ? null : quota / period
}

const quotaV2 = (text: string | undefined): number | null => {
  const [quota, period] = (text ?? "").trim().split(" ").map(Number)
  return quota !== undefined && period !== undefined && quota > 0 && period > 0 ? quota / period : null
}

const startedAt = (init: ProcessStat): string | null => {
  const boot = /^btime (\d+)$/m.exec(readText("/proc/stat") ?? "")?.[1]
  return boot === undefined ? null : new Date(Number(boot) * 1000 + startedAfterBoot(init)).toISOString()
}

const usageV2 = (group: string): Omit<ContainerUsage, "startedAt"> => {
  const usec = /^usage_usec (\d+)$/m.exec(readText(`${group}/cpu.stat`) ?? "")?.[1]
  return {
    memory: {
      limitBytes: limit(readInteger(`${group}/memory.max`)),
      usageBytes: readInteger(`${group}/memory.current`) ?? null
    },
    cpu: {
      count: quotaV2(readText(`${group}/cpu.max`)) ?? cpusOf(readText(`${group}/cpuset.cpus.effective`)),
      usageSeconds: usec === undefined ? null : Number(usec) / 1e6
    },
    pids: {
      current: readInteger(`${group}/pids.current`) ?? null,
      limit: readInteger(`${group}/pids.max`) ?? null
    }
  }
}

const usageV1 = (groupFor: (controller: string) => string): Omit<ContainerUsage, "startedAt"> => {
  const nanoseconds = readInteger(`${groupFor("cpuacct")}/cpuacct.usage`)
  return {
    memory: {
      limitBytes: limit(readInteger(`${groupFor("memory")}/memory.limit_in_bytes`)),
      usageBytes: readInteger(`${groupFor("memory")}/memory.usage_in_bytes`) ?? null
    },
    cpu: {
      count: quotaV1(groupFor("cpu")) ?? cpusOf(readText(`${groupFor("cpuset")}/cpuset.effective_cpus`)),
      usageSeconds: nanoseconds === undefined ? null : nanoseconds / 1e9
    },
    pids: {
      current: readInteger(`${groupFor("pids")}/pids.current`) ?? null,
      limit: readInteger(`${groupFor("pids")}/pids.max`) ?? null
    }
  }
}

/**
 * Reads only what is asked for; undefined where the container has ended since it was observed.
 *
 * @since 0.1.0
 * @category reading
 */
export const usageOf = (trees: CgroupTrees, container: ContainerFacts): ContainerUsage | undefined => {
  const { init } = container
  if (!isAlive(init)) {
    return {
      memory: { limitBytes: null, usageBytes: null },
      cpu: { count: null, usageSeconds: null },
      pids: { current: null, limit: null },
      startedAt: null
    }
  }
  const groupFor = (controller: string): string => groupOf(trees, init.pid, controller) ?? "/nonexistent"
  const usage = trees.layout === "v2" ? usageV2(groupFor("")) : usageV1(groupFor)
  return isSameProcess(init, processStat(init.pid)) ? { ...usage, startedAt: startedAt(init) } : undefined
}
