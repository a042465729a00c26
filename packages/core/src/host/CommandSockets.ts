/**
 * Which LXC monitors are alive, from their command sockets.
 *
 * A monitor listens on the abstract socket `@LXCPATH/NAME/command`. Its line in `/proc/net/unix` appears with the
 * monitor and goes with it, so a list of running containers needs one read and no LXC tool.
 *
 * @since 0.1.0
 */
import { fnv1a64 } from "../model/Hash.ts"
import { utf8Bytes } from "../model/Utf8.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface CommandSocket {
  readonly lxcPath: string
  readonly name: string
}

const suffix = "/command"
const hashedPrefix = "lxc/"
/** sun_path has 108 bytes; one is the leading NUL, one LXC keeps as a terminator. */
const longestName = 106

/**
 * The abstract name (without the leading NUL) on which the monitor of a container listens.
 *
 * Names longer than 106 bytes become `lxc/HASH/command` with the 64-bit FNV-1a of `LXCPATH/NAME`.
 * Source: LXC 5.0.2, seen in `/proc/net/unix`.
 *
 * @since 0.1.0
 * @category names
 */
export const commandSocketName = (lxcPath: string, name: string): string => {
  const plain = `${lxcPath}/${name}${suffix}`
  return utf8Bytes(plain).length <= longestName
    ? plain
    : `${hashedPrefix}${fnv1a64(`${lxcPath}/${name}`).toString(16).padStart(16, "0")}${suffix}`
}

/**
 * Abstract names of listening sockets that end in a certain way. Flag 00010000 is SO_ACCEPTCON: clients are left out. Any host has
 * hundreds of other sockets: only the lines that end so are looked at.
 */
const listening = (text: string, ending: string): ReadonlyArray<string> => {
  const names: Array<string> = []
  for (let end = text.indexOf(`${ending}\n`); end >= 0; end = text.indexOf(`${ending}\n`, end + 1)) {
    const line = text.slice(text.lastIndexOf("\n", end) + 1, end + ending.length)
    const fields = /^\S+ \S+ \S+ 00010000 \S+ \S+ +\S+ @(.*)$/.exec(line)
    if (fields?.[1] !== undefined) names.push(fields[1])
  }
  return names
}

/**
 * Whether somebody listens on a certain abstract socket, by the text of `/proc/net/unix`.
 *
 * @since 0.1.0
 * @category queries
 */
export const isListening = (text: string, name: string): boolean => listening(text, name).includes(name)

/**
 * Reads `/proc/net/unix`. `known` are names whose sockets may be hashed and are then found by their hash; it is asked only
 * where there are such sockets. `further` is asked only where some of these are of none that is known, and tells of whom sockets
 * are, by their names.
 *
 * @since 0.1.0
 * @category decoding
 */
export const parseCommandSockets = (
  text: string,
  known: () => ReadonlyArray<CommandSocket> = () => [],
  further: (hashed: ReadonlyArray<string>) => ReadonlyMap<string, CommandSocket> = () => new Map()
): ReadonlyArray<CommandSocket> => {
  const sockets = listening(text, suffix)
  const hashed = sockets.filter((socket) => socket.startsWith(hashedPrefix))
  const ours = hashed.length === 0
    ? undefined
    : new Map(known().map((socket) => [commandSocketName(socket.lxcPath, socket.name), socket]))
  const others = hashed.filter((socket) => ours?.has(socket) === false)
  const told = others.length === 0 ? undefined : further(others)
  const found = new Map<string, CommandSocket>()
  for (const socket of sockets) {
    const container = ours?.get(socket) ?? told?.get(socket) ?? plainSocket(socket)
    if (container !== undefined) found.set(socket, container)
  }
  return [...found.values()]
}

const plainSocket = (socket: string): CommandSocket | undefined => {
  const path = socket.slice(0, -suffix.length)
  const slash = path.lastIndexOf("/")
  return path.startsWith("/") && slash > 0
    ? { lxcPath: path.slice(0, slash), name: path.slice(slash + 1) }
    : undefined
}
