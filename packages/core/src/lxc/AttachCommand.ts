/**
 * The commands of LXC that work inside a running container.
 *
 * @since 0.1.0
 */
import type { GuestCommand } from "../model/GuestCommand.ts"

/**
 * A container by the two names that LXC knows it by.
 *
 * @since 0.1.0
 * @category models
 */
export interface ContainerName {
  readonly name: string
  readonly lxcPath: string
}

/** LXC has no option for the directory: the words pass this by as positional parameters, and are not parsed. */
const inDirectory = `cd -- "$1" || exit 125; shift; exec "$@"`

/**
 * lxc-attach(1) with an environment of PATH, `container=lxc` and what is asked for. It exits with the program's own code,
 * with 128 and the number of the signal that ended it, or with 127 where there is no such program. A directory that is
 * not there is 125.
 *
 * @since 0.1.0
 * @category commands
 */
export const attachCommand = (
  { lxcPath, name }: ContainerName,
  { argv, cwd, env, gid, uid }: GuestCommand
): readonly [command: string, ...args: ReadonlyArray<string>] => {
  const group = gid ?? uid
  return [
    "lxc-attach",
    "-n",
    name,
    "-P",
    lxcPath,
    "--clear-env",
    ...(uid === undefined ? [] : ["-u", String(uid)]),
    ...(group === undefined ? [] : ["-g", String(group)]),
    ...Object.entries(env).flatMap(([variable, value]) => ["-v", `${variable}=${value}`]),
    "--",
    ...(cwd === "/" ? argv : ["/bin/sh", "-c", inDirectory, "sh", cwd, ...argv])
  ]
}

/**
 * lxc-console(1): a terminal of the guest on the terminal of the caller, left with Ctrl-a q. Terminal 0 is /dev/console;
 * where none is given, LXC takes the first that nobody else is attached to.
 *
 * @since 0.1.0
 * @category commands
 */
export const consoleCommand = (
  { lxcPath, name }: ContainerName,
  tty: number | undefined
): readonly [command: string, ...args: ReadonlyArray<string>] => [
  "lxc-console",
  "-n",
  name,
  "-P",
  lxcPath,
  ...(tty === undefined ? [] : ["-t", String(tty)]),
  "-e",
  "^a"
]
