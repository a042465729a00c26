/**
 * What a plan relies on.
 *
 * The interpreter compares it, under the instance's lock, with what holds before the first step. A plan that was made
 * for another state of the host is refused as stale, not half-run.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { CgroupLayoutName } from "../host/CgroupLayout.ts"
import type { Directories } from "../host/Directories.ts"
import { type HostFacts, Interface, LimitValue, LoopDevice, PathFacts } from "../host/HostFacts.ts"
import { macTakenBy } from "../host/FactsIndex.ts"
import { isAlive, ProcessStat } from "../host/ProcessStat.ts"
import { namesake, type Remains, remainsOf } from "../host/Remains.ts"
import type { LinkedMac } from "../model/Nic.ts"

/**
 * @since 0.1.0
 * @category models
 */
export const Basis = Schema.Struct({
  bootId: Schema.String,
  lxcVersion: Schema.NullOr(Schema.String),
  cgroupLayout: CgroupLayoutName,
  /** Null where nothing of the instance is on the host. */
  container: Schema.NullOr(Schema.Struct({
    socket: Schema.Boolean,
    populated: Schema.Boolean,
    frozen: Schema.Boolean,
    init: Schema.NullOr(Schema.Struct({ pid: ProcessStat.fields.pid, startTime: ProcessStat.fields.startTime })),
    files: Schema.Array(Schema.String),
    meantToRun: Schema.Boolean,
    /** Of a plan that changes them. */
    limits: Schema.optionalKey(Schema.Array(LimitValue))
  })),
  /** The lxcpath of a running container of the same name. */
  namesake: Schema.NullOr(Schema.String),
  /** `SOURCE on TARGET`, in the order to unmount. */
  mounts: Schema.Array(Schema.String),
  /** Loop devices of the instance or with a file of the spec behind them, and where they are mounted. */
  loops: Schema.Array(Schema.Struct({ ...LoopDevice.fields, mountedOn: Schema.Array(Schema.String) })),
  /** The instance's own interfaces and those that its spec names. */
  interfaces: Schema.Array(Interface),
  /** The MACs that its spec gives it on links that others share, and who has one of them there already. */
  macs: Schema.Array(Schema.Struct({ mac: Schema.String, link: Schema.String, takenBy: Schema.Array(Schema.String) })),
  cgroups: Schema.Array(Schema.String),
  paths: Schema.Array(PathFacts)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Basis = typeof Basis.Type

/**
 * What a spec names on the host, besides its own name.
 *
 * @since 0.1.0
 * @category models
 */
export interface Named {
  readonly paths: ReadonlyArray<string>
  readonly links: ReadonlyArray<string>
  readonly macs?: ReadonlyArray<LinkedMac> | undefined
  /** Whether its limits matter. */
  readonly limits?: boolean | undefined
}

const sorted = (values: Iterable<string>): ReadonlyArray<string> => [...values].sort()

/**
 * What facts say of one instance and of what its spec names; everything else of the host is left out, so that other
 * instances can come and go while a plan is on file. `remains` are what {@link remainsOf} says of these facts, for who has
 * them already.
 *
 * @since 0.1.0
 * @category constructors
 */
export const basisOf = (
  directories: Directories,
  name: string,
  names: Named,
  facts: HostFacts,
  remains: Remains = remainsOf(directories, name, facts)
): Basis => {
  const { container } = remains
  const named = new Set(names.paths)
  const paths = facts.paths.filter((each) => named.has(each.path))
  const files = new Set(paths.map((each) => each.realPath))
  const links = new Set(names.links)
  const own = new Set(remains.interfaces.map((each) => each.name))
  const ownLoops = new Set(remains.loops)
  return {
    bootId: facts.bootId,
    lxcVersion: facts.lxcVersion,
    cgroupLayout: facts.cgroups.layout,
    container: container === undefined ? null : {
      socket: container.socket,
      populated: container.populated,
      frozen: container.freezer !== "thawed",
      init: isAlive(container.init) ? { pid: container.init.pid, startTime: container.init.startTime } : null,
      files: sorted(container.files),
      meantToRun: container.meantToRun,
      ...(names.limits === true && container.limits !== undefined ? { limits: container.limits } : {})
    },
    namesake: namesake(directories, name, facts)?.lxcPath ?? null,
    mounts: remains.mounts.map((mount) => `${mount.source} on ${mount.target}`),
    loops: facts.loops
      .filter((loop) => ownLoops.has(loop) || files.has(loop.backingFile))
      .map((loop) => ({
        ...loop,
        mountedOn: facts.mounts.filter((mount) => mount.source === loop.device).map((mount) => mount.target)
      })),
    interfaces: facts.interfaces.filter((each) => own.has(each.name) || links.has(each.name)),
    macs: (names.macs ?? []).map(({ link, mac }) => ({ mac, link, takenBy: macTakenBy(facts, name, { link, mac }) })),
    cgroups: sorted(remains.cgroups.map((each) => each.name)),
    paths
  }
}
