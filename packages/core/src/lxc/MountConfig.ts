/**
 * What a guest sees of the host's file systems as configuration.
 *
 * @since 0.1.0
 */
import { diskDirectory } from "../host/Directories.ts"
import type { ExtraMount } from "../model/ExtraMount.ts"
import type { Instance } from "../model/Instance.ts"
import { utf8Bytes } from "../model/Utf8.ts"
import type { Dialect } from "./Dialect.ts"
import type { Refusal } from "./Refusal.ts"
import { type Section, section } from "./Section.ts"

/** A field of fstab(5): blanks, tabs, line feeds and backslashes are octal. */
const field = (text: string): string =>
  text.replace(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`)

const line = (source: string, target: string, fsType: string, options: ReadonlyArray<string>): string =>
  [field(source), field(target), fsType, options.length === 0 ? "defaults" : options.join(","), "0", "0"].join(" ")

const extraMount = ({ options, source, target }: ExtraMount): string => {
  if (source === "tmpfs") return line("tmpfs", target, "tmpfs", options)
  const binds = options.some((option) => option === "bind" || option === "rbind")
  return line(source, target, "none", binds ? options : ["bind", ...options])
}

/**
 * A line for each further disk, which is mounted beside the root, and for each extra mount. LXC makes these in the
 * container's own mount namespace, does not follow symbolic links of the guest on the way, and creates nothing.
 *
 * @since 0.1.0
 * @category constructors
 */
export const mountsSection = ({ disks, lxc }: Instance, rootDir: string, dialect: Dialect): Section => {
  const wanted = [
    ...disks.slice(1).map((disk, i) => ({
      field: `disks[${i + 1}]`,
      key: "lxc.mount.entry",
      value: line(diskDirectory(rootDir.slice(0, rootDir.lastIndexOf("/")), i + 1), disk.target ?? "", "none", [
        "bind",
        ...(disk.readOnly ? ["ro"] : [])
      ])
    })),
    ...lxc.mounts.map((mount, i) => ({
      field: `lxc.mounts[${i}]`,
      key: "lxc.mount.entry",
      value: extraMount(mount)
    }))
  ]
  const { lines, refusals } = section(dialect, wanted)
  return { lines, refusals: [...refusals, ...wanted.filter(({ value }) => utf8Bytes(value).length > longestLine).map(tooLong)] }
}

/** LXC reads a line with its NUL into PATH_MAX bytes and drops the rest of it without a word: options, such as ro, come last. */
const longestLine = 4095

const tooLong = ({ field }: { readonly field: string }): Refusal => ({
  code: "mount-too-long",
  field,
  message: `LXC reads ${longestLine} bytes of a mount with its source, target and options, and this has more`,
  advice: "choose shorter paths, or fewer options"
})
