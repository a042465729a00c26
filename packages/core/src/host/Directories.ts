/**
 * Where this library keeps what belongs to an instance.
 *
 * Every path is derived from the instance's name, so that whatever is left over can be attributed by looking.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { refuses } from "../model/Field.ts"
import { HostPath } from "../model/HostPath.ts"

/**
 * Where disk `index` of an instance, counted from the root as 0, is mounted beside the root.
 *
 * @since 0.1.0
 * @category accessors
 */
export const diskDirectory = (containerDirectory: string, index: number): string => `${containerDirectory}/disk${index}`

/**
 * Whether no two of the roots are one: what is of one kind would be taken for the other, since an instance may be called
 * `locks`, or `web1.json`.
 *
 * @since 0.1.0
 * @category predicates
 */
export const areApart = ({ log, run, state }: { readonly log: string; readonly run: string; readonly state: string }): boolean =>
  log !== run && run !== state && state !== log

/**
 * The three roots: `run` is volatile (gone after a boot), `log` holds the logs, `state` survives a boot. No
 * two are one.
 *
 * @since 0.1.0
 * @category models
 */
export class Directories extends Schema.Class<Directories>("effect-lxc/Directories")(
  Schema.Struct({ run: HostPath, log: HostPath, state: HostPath })
    .check(refuses((roots) => areApart(roots) ? undefined : "run, log and state: each needs a directory of its own"))
) {
  /** The lxcpath of every instance, passed with `-P` to every LXC tool. */
  get containers(): string {
    return `${this.run}/containers`
  }
  /** Lock files and the journals of running operations. */
  get locks(): string {
    return `${this.run}/locks`
  }
  lock(name: string): string {
    return `${this.locks}/${name}.lock`
  }
  /** What LXC's version was found to be, and of which binary: kept beside the locks, as they may stay. */
  get lxcVersion(): string {
    return `${this.locks}/lxc-version`
  }

  journal(name: string): string {
    return `${this.locks}/${name}.journal`
  }
  container(name: string): string {
    return `${this.containers}/${name}`
  }
  config(name: string): string {
    return `${this.container(name)}/config`
  }
  /** The mount point of the root file system. */
  rootfs(name: string): string {
    return `${this.container(name)}/rootfs`
  }
  /** The mount point of a further disk, from 1 on. */
  disk(name: string, index: number): string {
    return diskDirectory(this.container(name), index)
  }
  /** The mount point of the disk below a volatile root. */
  lower(name: string): string {
    return `${this.container(name)}/lower`
  }
  /** The mount point of the memory in which a volatile root keeps what is written to it. */
  memory(name: string): string {
    return `${this.container(name)}/memory`
  }
  /** The instance as it was started, one JSON document. */
  record(name: string): string {
    return `${this.container(name)}/instance.json`
  }
  monitorPid(name: string): string {
    return `${this.container(name)}/monitor.pid`
  }
  logs(name: string): string {
    return `${this.log}/${name}`
  }
  lxcLog(name: string): string {
    return `${this.logs(name)}/lxc.log`
  }
  consoleLog(name: string): string {
    return `${this.logs(name)}/console.log`
  }
  /** The head of an export, while one is made. */
  exported(name: string): string {
    return `${this.run}/exports/${name}`
  }
  /** Where an import puts roots, unless it is told otherwise. */
  get images(): string {
    return `${this.state}/images`
  }
  /** Present while the instance is meant to run, with the boot it was started in. */
  meantToRun(name: string): string {
    return `${this.state}/${name}.json`
  }
}

/**
 * `/run/effect-lxc`, `/var/log/effect-lxc` and `/var/lib/effect-lxc`.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaultDirectories: Directories = new Directories({
  run: HostPath.make("/run/effect-lxc"),
  log: HostPath.make("/var/log/effect-lxc"),
  state: HostPath.make("/var/lib/effect-lxc")
})
