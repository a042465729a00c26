import { hierarchiesOf, parseProcessCgroups } from "@effect-lxc/core/host/CgroupLayout"
import { cgroupUsage } from "@effect-lxc/core/host/CgroupUsage"
import { parseCommandSockets } from "@effect-lxc/core/host/CommandSockets"
import { guestInterfaces } from "@effect-lxc/core/host/GuestNetwork"
import { decodeHostFacts } from "@effect-lxc/core/host/HostFacts"
import { decodeMeantToRun } from "@effect-lxc/core/host/MeantToRun"
import { parseMountinfo, unmountOrder } from "@effect-lxc/core/host/MountTable"
import { readPartitionTable } from "@effect-lxc/core/host/PartitionTable"
import { parseProcessStat } from "@effect-lxc/core/host/ProcessStat"
import { currentLimit } from "@effect-lxc/core/lxc/Limits"
import { parse as parseConfig, render } from "@effect-lxc/core/lxc/LxcConfig"
import { childEnd, errors } from "@effect-lxc/core/lxc/LxcLog"
import { parseLxcVersion } from "@effect-lxc/core/lxc/LxcVersion"
import { parseKernel } from "@effect-lxc/core/model/CpuSet"
import { parseExtraLine } from "@effect-lxc/core/model/ExtraConfig"
import { decodeGuestCommand } from "@effect-lxc/core/model/GuestCommand"
import { escape, isPrintable } from "@effect-lxc/core/model/HostText"
import { parseIdLine } from "@effect-lxc/core/model/IdMap"
import { decodeInstance, encodeInstance } from "@effect-lxc/core/model/Instance"
import { decodeExportHead, exportHead } from "@effect-lxc/core/plan/ExportFormat"
import { JournalEntry } from "@effect-lxc/core/plan/JournalEntry"
import { decodePlan, encodePlan } from "@effect-lxc/core/plan/Plan"
import { assert, describe, it } from "@effect/vitest"
import { Option, Result, Schema } from "effect"
import { host, instance, startPlan } from "../plan/fixtures.ts"
import { isLinear, survives } from "./Mutations.ts"

const web1 = instance({
  resources: { memory: "256MiB", cpuMask: "0-2" },
  lxc: { mounts: [{ source: "/srv", target: "mnt" }], environment: { A: "b" }, idmap: ["b 0 100000 65536"], extraConfig: ["lxc.arch = x86_64"] }
})
const plan = startPlan(instance(), host())

const json = (decode: (value: unknown) => unknown) => (text: string) => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined // no JSON, which is told before any of this
  }
  return decode(value)
}

/** What is read, and must then be fit to be shown. */
const shown = (message: string): void => assert.isTrue(message.split("\n").every((line) => line === "" || isPrintable(line)), message)

const mountinfo = "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n" +
  "40 36 0:30 / /run/a\\040b rw shared:3 - cgroup cgroup rw,memory\n41 36 0:31 / /sys/fs/cgroup rw - cgroup2 none rw\n"
const sockets = "Num       RefCount Protocol Flags    Type St Inode Path\n" +
  "0000000000000000: 00000002 00000000 00010000 0001 01 12345 @/run/effect-lxc/containers/web1/command\n"
const log = "lxc-start web1 20261122213000.123 ERROR    start - ../src/lxc/start.c:start:2197 - No such file or directory - Failed to exec \"/sbin/init\"\n" +
  "lxc-start web1 20261122213000.124 INFO     error - ../src/lxc/error.c:lxc_error_set_and_log:31 - Child <99> ended on error (3)\n"
const config = Result.getOrThrow(render([{ _tag: "Entry", key: "lxc.uts.name", value: "web1" }, { _tag: "Comment", text: "NIC" }]))
const network = "Inter-|   Receive\n    lo: 100 1 0 0 0 0 0 0 100 1 0 0 0 0 0 0\n  eth0: 200 1 0 0 0 0 0 0 300 1 0 0 0 0 0 0\n"
const route = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t0000000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\n"
const trie = "     |-- 10.0.0.5\n        /32 host LOCAL\n"
const inet6 = "fd000000000000000000000000000005 02 40 00 80     eth0\n"
const head = exportHead(web1, "image", [{ number: 1, start: 512, size: 512 }])
const journalEntry = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.toCodecJson(JournalEntry)))

/** Everything that reads text which somebody else wrote, with texts as they should be. */
const parsers: Readonly<Record<string, readonly [parse: (text: string) => unknown, ...samples: ReadonlyArray<string>]>> = {
  "the mount table": [(text) => unmountOrder(parseMountinfo(text), "/run"), mountinfo],
  "cgroup trees": [(text) => hierarchiesOf(parseMountinfo(mountinfo), text), "cpu memory pids\n"],
  "/proc/PID/stat": [parseProcessStat, `42 (a b) c) S ${Array.from({ length: 40 }, (_, i) => i).join(" ")}\n`],
  "/proc/PID/cgroup": [parseProcessCgroups, "4:memory:/lxc.payload.web1\n1:name=systemd:/\n0::/a:b\n"],
  "/proc/net/unix": [(text) => parseCommandSockets(text, () => [{ lxcPath: "/run/effect-lxc/containers", name: "web1" }]), sockets],
  "cgroup files of v1": [(text) => cgroupUsage("v1", () => text), "1048576\n", "8:0 Read 4096\n7:1 Write 10\nTotal 5\n", "oom_kill 3\nswap 2\n"],
  "cgroup files of v2": [(text) => cgroupUsage("v2", () => text), "max\n", "8:0 rbytes=1 wbytes=2\n", "100000 100000\n", "usage_usec 5\n"],
  "limits": [(text) => currentLimit("cpuset.cpus", text, () => text), "0-3\n"],
  "processors": [(text) => Option.getOrUndefined(parseKernel(text)), "0-3,7,9-8191\n"],
  "the network of a guest": [(text) => guestInterfaces(() => text, [{ name: "v", guestIndex: () => 2 }]), network, route, trie, inet6],
  "the log of LXC": [(text) => [errors(text), childEnd(text)], log],
  "the configuration": [parseConfig, config],
  "a version": [parseLxcVersion, "5.0.2\n"],
  "an added line": [parseExtraLine, "lxc.prlimit.nofile = 1024"],
  "a range of ids": [parseIdLine, "b 0 100000 65536"],
  "a line of a journal": [journalEntry, JSON.stringify({ _tag: "Begun", operation: "start", instance: "web1", at: "2026", bootId: "b" })],
  "a plan": [json((value) => Result.mapError(decodePlan(value, "p"), ({ message }) => shown(message))), JSON.stringify(encodePlan(plan))],
  "facts": [json((value) => Result.mapError(decodeHostFacts(value, "f"), ({ message }) => shown(message))), `{"lxcVersion":"5.0.2","cgroups":{"layout":"v2","hierarchies":[],"swapAccounting":true,"ioWeightFile":null},"loops":[{"device":"/dev/loop0","backingFile":"/a"}]}`],
  "a spec": [json((value) => Result.mapError(decodeInstance(value), ({ message }) => shown(message))), JSON.stringify(encodeInstance(web1))],
  "what is meant to run": [json((value) => decodeMeantToRun(value)), JSON.stringify({ bootId: "b", instance: encodeInstance(web1) })],
  "the manifest of an export": [(text) => decodeExportHead({ ...head, manifest: text }, "x"), head.manifest],
  "the spec of an export": [(text) => decodeExportHead({ ...head, spec: text }, "x"), head.spec],
  "a command for a guest": [json((value) => decodeGuestCommand(value)), `{"argv":["sh","-c","x"],"env":{"A":"b"},"cwd":"/srv","uid":5}`],
  "text to be shown": [(text) => shown(escape(text)), "a\nb"]
}

describe("whatever somebody else wrote has an answer, and an answer in a line of time:", () => {
  for (const [what, [parse, ...samples]] of Object.entries(parsers)) {
    it(`${what}`, () => {
      survives((bytes) => parse(bytes.toString("utf8")), samples)
      survives((bytes) => parse(bytes.toString("latin1")), samples, 2)
      isLinear(parse, samples)
    })
  }
})

describe("a partition table", () => {
  const disk = (fill: (bytes: Buffer) => void) => {
    const bytes = Buffer.alloc(8_192)
    bytes.writeUInt16LE(0xaa55, 510)
    fill(bytes)
    return bytes
  }
  const entry = (bytes: Buffer, record: number, index: number, type: number, start: number, size: number) => {
    const at = record * 512 + 446 + index * 16
    bytes[at + 4] = type
    bytes.writeUInt32LE(start, at + 8)
    bytes.writeUInt32LE(size, at + 12)
    bytes.writeUInt16LE(0xaa55, record * 512 + 510)
  }
  const samples = [
    disk((bytes) => entry(bytes, 0, 0, 0x83, 1, 4)),
    disk((bytes) => {
      entry(bytes, 0, 1, 0x05, 2, 12)
      entry(bytes, 2, 0, 0x83, 1, 1)
      entry(bytes, 2, 1, 0x05, 3, 2)
      entry(bytes, 5, 0, 0x83, 1, 1)
    }),
    disk((bytes) => {
      entry(bytes, 0, 0, 0xee, 1, 0xffff_ffff)
      bytes.write("EFI PART", 512, "latin1")
      bytes.writeUInt32LE(92, 512 + 12)
    })
  ]

  it("of any bytes names only partitions that are on the disk, after a bounded number of reads", () => {
    survives((bytes) => {
      let reads = 0
      const total = bytes.length
      const found = readPartitionTable((offset, length) => {
        reads += 1
        assert.isAtMost(length, 4 * 2 ** 20)
        return new Uint8Array(bytes.subarray(Math.min(offset, total), Math.min(offset + length, total)))
      }, total)
      assert.isBelow(reads, 200)
      for (const { size, start } of found ?? []) assert.isTrue(start > 0 && size > 0 && start + size <= total)
    }, samples)
  })
})
