/**
 * Where a differential run takes place: names and paths that the simulated and the real host have in common.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { vethPrefix } from "@effect-lxc/core/model/VethName"
import type { Guest } from "../Guest.ts"
import * as Guests from "../Guest.ts"

/**
 * A place of its own on a host: nobody else uses the prefix, the directories or the bridge.
 *
 * @since 0.1.0
 * @category models
 */
export interface Setting {
  /** Begins the names of all instances. */
  readonly prefix: string
  readonly directories: Directories
  /** Holds the images, and a directory `shared`. */
  readonly files: HostPath
  readonly bridge: string
}

const obedient = Guests.obedient({ haltAfterMs: 1, powersOff: null, onInterrupt: { does: "reboot", afterMs: 1 }, lacks: ["nowhere"] })

/**
 * The images of a setting, by their names in its directory, and what is in each. `root` is a directory.
 *
 * `obedient` ends at once by SIGPWR, reboots by SIGINT and exits by itself when it is told to; `deaf` has no handlers.
 *
 * @since 0.1.0
 * @category constants
 */
export const images: Readonly<Record<"obedient.img" | "deaf.img" | "dying.img" | "missing.img" | "blank.img" | "data.img" | "root", Guest>> = {
  "obedient.img": obedient,
  "deaf.img": Guests.deaf({ lacks: ["nowhere"] }),
  "dying.img": Guests.dying(1, 3, { lacks: ["nowhere"] }),
  "missing.img": Guests.withoutInit({ lacks: ["nowhere"] }),
  "blank.img": Guests.blank(),
  "data.img": Guests.withoutInit(),
  root: obedient
}

/**
 * The files of a setting that instances are exported to, and the directory that they are imported to.
 *
 * @since 0.1.0
 * @category constants
 */
export const archives = ["one.export", "other.export"] as const

/**
 * @since 0.1.0
 * @category constants
 */
export const imports = "imported"

/**
 * Instances, each with one kind of guest, so that how long its stop takes is never a matter of chance.
 *
 * @since 0.1.0
 * @category constants
 */
export const actors = {
  /** Obeys. */
  calm: { disks: ["obedient.img"], stopMs: [3_000] },
  /** Wants the disk of `calm`, or has a directory. */
  rival: { disks: ["root", "root", "obedient.img"], stopMs: [3_000] },
  /** Never obeys. */
  deaf: { disks: ["deaf.img"], stopMs: [0, 40] },
  /** Cannot run, each for another reason. */
  ill: { disks: ["dying.img", "missing.img", "blank.img", "nothing.img"], stopMs: [3_000] }
} as const

/**
 * @since 0.1.0
 * @category models
 */
export type Actor = keyof typeof actors

/**
 * @since 0.1.0
 * @category constants
 */
export const actorNames = Object.keys(actors) as ReadonlyArray<Actor> // the keys of a literal are all that it has

/**
 * @since 0.1.0
 * @category accessors
 */
export const nameIn = ({ prefix }: Setting, actor: Actor): InstanceName => InstanceName.make(`${prefix}-${actor}`)

/**
 * @since 0.1.0
 * @category accessors
 */
export const fileIn = ({ files }: Setting, name: string): HostPath => HostPath.make(`${files}/${name}`)

/**
 * Text as it would be in every setting: names, paths and interfaces without what is the setting's own.
 *
 * @since 0.1.0
 * @category rendering
 */
export const unplaced = (setting: Setting): (text: string) => string => {
  const { directories, files, prefix } = setting
  const words: ReadonlyArray<readonly [string, string]> = [
    ...actorNames.map((actor) => [vethPrefix(nameIn(setting, actor)), `veth-${actor}-`] as const),
    [directories.state, "STATE"],
    [directories.log, "LOG"],
    [directories.run, "RUN"],
    [files, "FILES"],
    [`${prefix}-`, ""],
    [setting.bridge, "bridge"]
  ]
  return (text) => words.reduce((before, [own, common]) => before.replaceAll(own, common), text)
}
