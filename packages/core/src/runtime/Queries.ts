/**
 * What is there: questions that take no lock and that no container can hold up.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { type ContainerStatus, statusOf } from "../host/ContainerStatus.ts"
import { allUsage, type ContainerUsage, noUsage, type UsageField } from "../host/ContainerUsage.ts"
import type { Directories } from "../host/Directories.ts"
import type { ContainerFacts } from "../host/HostFacts.ts"
import type { Host } from "./Host.ts"
import type { Hypervisor } from "./Hypervisor.ts"

/**
 * A container as `list` shows it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContainerSummary extends ContainerStatus {
  /** Whether it lives under this library's lxcpath. */
  readonly managed: boolean
}

/**
 * A container as `info` shows it. Where nothing runs nothing is used but its root, if that is still
 * mounted.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContainerInfo extends ContainerSummary, ContainerUsage {
  readonly logs: { readonly lxc: string; readonly console: string }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface InfoOptions {
  /** Only these parts of the use, or numbers of them, are read, which saves time; what else there is, is as of a container that uses nothing. */
  readonly fields?: ReadonlyArray<UsageField> | undefined
}

/**
 * Nothing by that name is on the host.
 *
 * @since 0.1.0
 * @category errors
 */
export class UnknownContainer extends Schema.TaggedError<UnknownContainer>()("UnknownContainer", {
  instance: Schema.String
}) {
  override get message(): string {
    return `there is no container ${this.instance}; effect-lxc list shows which there are`
  }
}

/**
 * The part of a hypervisor that only asks about containers.
 *
 * @since 0.1.0
 * @category models
 */
export type Queries = Pick<Hypervisor["Service"], "names" | "list" | "info" | "infoAll">

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeQueries = (host: Pick<Host["Service"], "containers" | "names" | "usage">, directories: Directories): Queries => {
  const summarise = (facts: ContainerFacts): ContainerSummary => ({
    ...statusOf(facts),
    managed: facts.lxcPath === directories.containers
  })
  const shown = (facts: ContainerFacts, usage: ContainerUsage): ContainerInfo => ({
    ...summarise(facts),
    ...usage,
    logs: { lxc: directories.lxcLog(facts.name), console: directories.consoleLog(facts.name) }
  })
  const own = host.containers({ directories })
  return {
    names: Effect.map(host.names({ directories }), (names) => [...names].sort()).pipe(Effect.withSpan("Hypervisor.names")),
    list: Effect.fn("Hypervisor.list")(function*(options: { readonly all?: boolean } = {}) {
      const containers = yield* host.containers({ directories, all: options.all ?? false })
      return containers.map(summarise).sort(byName)
    }),
    info: Effect.fn("Hypervisor.info")(function*(name: string, { fields = allUsage }: InfoOptions = {}) {
      const [facts] = yield* host.containers({ directories, name })
      if (facts === undefined) return yield* new UnknownContainer({ instance: name })
      const [read] = yield* host.usage({ containers: [facts], fields })
      const usage = read === undefined ? undefined : yield* Effect.fromResult(read)
      return usage === undefined ? yield* new UnknownContainer({ instance: name }) : shown(facts, usage)
    }),
    infoAll: Effect.fn("Hypervisor.infoAll")(function*({ fields = allUsage }: InfoOptions = {}) {
      const containers = yield* own
      const reads = yield* host.usage({ containers, fields })
      const infos = containers.flatMap((facts, at) => {
        const read = reads[at]
        const usage = read === undefined || Result.isFailure(read) ? noUsage : read.success
        return usage === undefined ? [] : [shown(facts, usage)]
      })
      return infos.sort(byName)
    })
  }
}

const byName = (one: ContainerSummary, other: ContainerSummary): number =>
  one.name < other.name ? -1 : one.name > other.name ? 1 : one.lxcPath < other.lxcPath ? -1 : 1
