/**
 * What a spec may say, in the language of JSON Schema, for editors.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Instance } from "./Instance.ts"

/** One sentence for each field, by its place; the type checker does not see a missing one, a test does. */
const descriptions: Readonly<Record<string, string>> = {
  "name": "The host name of the container: RFC 1123 labels, 64 bytes at most. Everything on the host carries it.",
  "disks": "The root first, then further disks, each with its target.",
  "disks.path": "A block device, an image file or a directory of the host.",
  "disks.partition": "The number of a partition of that device or image (MBR or GPT).",
  "disks.fsType": "The type of the file system, such as ext4; left out, mount(8) finds it out.",
  "disks.options": "Options of mount(8), such as noatime.",
  "disks.readOnly": "Whether the guest may not write to it (default false).",
  "disks.target": "Where the guest sees a further disk, without a leading slash; the directory must be there.",
  "disks.volatile": "Whether what is written to the root is kept in memory and vanishes at stop (default false).",
  "disks.volatileSize": "How much may be written to a volatile root: bytes, or text such as 256MiB (the default).",
  "nics": "Network interfaces, in the order in which the guest gets them; without any the guest has lo alone.",
  "nics.mode": "bridged: a virtual pair with one end in the bridge; macvlan: on an interface; phys: the interface itself.",
  "nics.link": "The bridge or interface of the host.",
  "nics.mac": "The Ethernet address; left out, it is derived from the name of the container.",
  "nics.name": "What the guest calls it; left out, eth0 and so on.",
  "nics.mtu": "The largest packet in bytes, at most that of the link.",
  "nics.addresses": "Addresses with their prefix, such as 10.0.0.5/24.",
  "nics.gateway": "One address, or one of IPv4 and one of IPv6.",
  "resources": "Limits; what is not said is not limited.",
  "resources.memory": "Bytes, or text such as 256MiB; 2MiB at least.",
  "resources.swap": "Bytes beyond memory, or text such as 1GiB.",
  "resources.vcpus": "How many processors' worth of time, also a part of one.",
  "resources.cpuMask": "Which processors, such as 0-2,5.",
  "resources.cpuWeight": "The share of processor time against others (100 is everyone's).",
  "resources.pids": "How many processes and threads.",
  "resources.ioWeight": "The share of disk bandwidth against others (100 is everyone's).",
  "lxc": "How LXC runs it; every parameter has a default.",
  "lxc.ttys": "How many virtual consoles (default 6).",
  "lxc.ptys": "How many pseudo-terminals (default 255).",
  "lxc.devices": "Devices the guest may use, such as c 1:3 rw; a stands for all.",
  "lxc.dropCapabilities": "Capabilities the guest does without (default mac_override, sys_boot, sys_module, sys_time).",
  "lxc.keepCapabilities": "The only capabilities the guest has; excludes dropCapabilities.",
  "lxc.haltSignal": "The signal that asks the guest's init to halt; left out, the one that init understands.",
  "lxc.init": "The first program, with arguments (default /sbin/init).",
  "lxc.mounts": "Files and directories of the host, or a tmpfs, that the guest sees beside its disks.",
  "lxc.mounts.source": "An absolute path of the host, or tmpfs.",
  "lxc.mounts.target": "Where the guest sees it, without a leading slash; it must be there.",
  "lxc.mounts.options": "Options of mount(8), such as ro, rbind or size=16m; bind goes without saying.",
  "lxc.environment": "Variables of the first program.",
  "lxc.startupTimeout": "How long LXC may take to start it: milliseconds, or text such as 30s (the default).",
  "lxc.shutdownTimeout": "How long the guest may take to halt: milliseconds, or text such as 60s (the default).",
  "lxc.settle": "How long init must live for the start to count: milliseconds, or text such as 500ms (the default).",
  "lxc.logLevel": "How much LXC logs (default INFO).",
  "lxc.logSize": "How large a log becomes before it is moved aside, where one more is kept: bytes, or text such as 1MiB (the default).",
  "lxc.console": "log: what the guest writes to its console is logged (default); none: it has no console.",
  "lxc.seccomp": "The path of a seccomp profile, or default for the one that LXC ships.",
  "lxc.apparmor": "The AppArmor profile, such as unconfined or generated.",
  autostart: "When it is started among others, by start --all.",
  "autostart.priority": "Of those that may be started, the highest is the first: -1000 to 1000 (default 0).",
  "autostart.after": "Names of the instances that have to run before it is started.",
  "lxc.noNewPrivs": "Whether no program in the guest may gain privileges by its file (default false).",
  "lxc.idmap": "Users and groups of an unprivileged guest, such as u 0 100000 65536; b is for both.",
  "lxc.idmapRoot": "Whose the files of the root are: shifted to the host's ids (default), or mapped while LXC mounts them.",
  "lxc.extraConfig": "Lines for LXC's configuration whose keys stay inside the container, such as lxc.prlimit.nofile = 1024."
}

type Json = { readonly [key: string]: Schema.Json }

const isList = (value: Schema.Json | undefined): value is ReadonlyArray<Schema.Json> => Array.isArray(value)

const isObject = (value: Schema.Json | undefined): value is Json =>
  typeof value === "object" && value !== null && !isList(value)

/** The fields of both; where both have one, that of the second. */
const merged = (one: Json, other: Json): Json => Object.fromEntries([...Object.entries(one), ...Object.entries(other)])

/** The numbers that JSON cannot write as numbers: no field takes them. */
const isNotFinite = (schema: Schema.Json): boolean =>
  isObject(schema) && isList(schema["enum"]) && schema["enum"].includes("Infinity")

/** Takes choices that no field has out; a choice of one is what it chooses. */
const tidy = (value: Schema.Json): Schema.Json => {
  if (isList(value)) return value.map(tidy)
  if (!isObject(value)) return value
  const { anyOf, ...rest } = value
  const others: Json = Object.fromEntries(Object.entries(rest).map(([key, each]) => [key, tidy(each)]))
  if (!isList(anyOf)) return others
  const [only, ...more] = anyOf.filter((each) => !isNotFinite(each)).map(tidy)
  return more.length === 0 && isObject(only) ? merged(only, others) : { anyOf: [only ?? false, ...more], ...others }
}

/** The items of a list are described by their fields alone. */
const described = (schema: Schema.Json, place: string, description = descriptions[place]): Schema.Json => {
  if (!isObject(schema)) return schema
  const { items, properties } = schema
  const fields: ReadonlyArray<readonly [string, Schema.Json]> = isObject(properties)
    ? Object.entries(properties).map(([name, each]) => [name, described(each, place === "" ? name : `${place}.${name}`)])
    : []
  return merged(schema, {
    ...(description === undefined || description === "" ? {} : { description }),
    ...(items === undefined ? {} : { items: described(items, place, "") }),
    ...(fields.length === 0 ? {} : { properties: Object.fromEntries(fields) })
  })
}

/**
 * The JSON Schema (draft 2020-12) of a spec, with a description for each field. What it refuses, `decodeInstance` refuses
 * too; some of what it lets pass, such as two fields that contradict each other, only `decodeInstance` sees.
 *
 * @since 0.1.0
 * @category rendering
 */
export const specSchema = (): Schema.Json => {
  const { definitions } = Schema.toJsonSchemaDocument(Instance, { onExcessProperty: "error" })
  const [spec] = Object.values(definitions)
  const written: unknown = JSON.parse(JSON.stringify(spec ?? {}))
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A container of effect-lxc",
    ...described(tidy(Schema.decodeUnknownSync(Schema.Json)(written)), "") as Json // an object stays one
  }
}
