/**
 * What is there: questions that take no lock and that no container can hold up.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type ContainerStatus, statusOf } from "../host/ContainerStatus.ts"
import { type ContainerUsage, noUsage } from "../host/ContainerUsage.ts"
import type { Directories } from "../host/Directories.ts"
import type { ContainerFacts } from "../host/HostFacts.ts"
import type { Host } from "./Host.ts"

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
 * @since 0.1.0
 * @category constructors
 */
export const makeQueries = (host: Host["Service"], directories: Directories) => {
  const summarise = (facts: ContainerFacts): ContainerSummary => ({
    ...statusOf(facts),
    managed: facts.lxcPath === directories.containers
  })
  const shown = (facts: ContainerFacts, usage: ContainerUsage): ContainerInfo => ({
    ...summarise(facts),
    ...usage,
    logs: { lxc: directories.lxcLog(facts.name), console: directories.consoleLog(facts.name) }
  })
  const inspect = Effect.fnUntraced(function*(facts: ContainerFacts) {
    const usage = yield* host.usage(facts)
    return usage === undefined ? undefined : shown(facts, usage)
  })
  const own = host.containers({ directories })
  return {
    list: Effect.fn("Hypervisor.list")(function*(options: { readonly all?: boolean } = {}) {
      const containers = yield* host.containers({ directories, all: options.all ?? false })
      return containers.map(summarise).sort(byName)
    }),
    info: Effect.fn("Hypervisor.info")(function*(name: string) {
      const facts = (yield* own).find((each) => each.name === name)
      const info = facts === undefined ? undefined : yield* inspect(facts)
      return info ?? (yield* new UnknownContainer({ instance: name }))
    }),
    infoAll: Effect.gen(function*() {
      const containers = yield* own
      const infos = yield* Effect.forEach(containers, (facts) =>
        Effect.catchTag(inspect(facts), "HostError", () => Effect.succeed(shown(facts, noUsage))))
      return infos.filter((info) => info !== undefined).sort(byName)
    }).pipe(Effect.withSpan("Hypervisor.infoAll"))
  }
}

const byName = (one: ContainerSummary, other: ContainerSummary): number =>
  one.name < other.name ? -1 : one.name > other.name ? 1 : one.lxcPath < other.lxcPath ? -1 : 1
