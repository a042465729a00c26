import type { CgroupLayoutName } from "@effect-lxc/core/host/CgroupLayout"
import { cgroupNumbers, cgroupUsage, noCgroupUsage } from "@effect-lxc/core/host/CgroupUsage"
import { guestInterfaces as interfacesOf, type HostPeer, type ReadNetwork } from "@effect-lxc/core/host/GuestNetwork"
import { sharesOf, weightOf } from "@effect-lxc/core/lxc/Limits"
import { assert, describe, it } from "@effect/vitest"

const from = (files: Readonly<Record<string, string>>) => (_: string, file: string) => files[file]

describe("what cgroups say", () => {
  it("of cgroup v1, where memory and swap are one number", () => {
    const usage = cgroupUsage("hybrid", from({
      "memory.limit_in_bytes": "67108864\n",
      "memory.memsw.limit_in_bytes": "100663296\n",
      "memory.usage_in_bytes": "2314240\n",
      "memory.max_usage_in_bytes": "4194304\n",
      "memory.stat": "cache 1990656\nswap 0\ntotal_cache 1990656\ntotal_swap 8192\n",
      "memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
      "cpuacct.usage": "1500000000\n",
      "cpuset.effective_cpus": "0-1\n",
      "cpu.cfs_quota_us": "50000\n",
      "cpu.cfs_period_us": "100000\n",
      "cpu.shares": "2048\n",
      "pids.current": "7\n",
      "pids.max": "200\n",
      "blkio.throttle.io_service_bytes_recursive": "254:0 Read 4096\n254:0 Write 8192\n254:0 Total 12288\nTotal 12288\n"
    }))
    assert.deepStrictEqual(usage, {
      memory: {
        limitBytes: 67_108_864,
        usageBytes: 2_314_240,
        peakBytes: 4_194_304,
        swapLimitBytes: 33_554_432,
        swapUsageBytes: 8_192,
        oomKills: 2
      },
      cpu: { count: 0.5, usageSeconds: 1.5, set: "0-1", weight: 200, quota: 0.5 },
      pids: { current: 7, limit: 200 },
      io: { readBytes: 4_096, writtenBytes: 8_192 }
    })
  })

  it("of cgroup v2", () => {
    const usage = cgroupUsage("v2", from({
      "memory.max": "67108864\n",
      "memory.current": "2314240\n",
      "memory.peak": "4194304\n",
      "memory.swap.max": "0\n",
      "memory.swap.current": "0\n",
      "memory.events": "low 0\nhigh 0\nmax 3\noom 1\noom_kill 1\n",
      "cpu.stat": "usage_usec 1500000\nuser_usec 1000000\n",
      "cpuset.cpus.effective": "0-1,4\n",
      "cpu.max": "150000 100000\n",
      "cpu.weight": "50\n",
      "pids.current": "7\n",
      "pids.max": "max\n",
      "io.stat": "254:0 rbytes=4096 wbytes=8192 rios=1 wios=1 dbytes=0 dios=0\n"
    }))
    assert.deepStrictEqual(usage.memory, {
      limitBytes: 67_108_864,
      usageBytes: 2_314_240,
      peakBytes: 4_194_304,
      swapLimitBytes: 0,
      swapUsageBytes: 0,
      oomKills: 1
    })
    assert.deepStrictEqual(usage.cpu, { count: 1.5, usageSeconds: 1.5, set: "0-1,4", weight: 50, quota: 1.5 })
    assert.deepStrictEqual([usage.pids, usage.io], [{ current: 7, limit: null }, { readBytes: 4_096, writtenBytes: 8_192 }])
  })

  it("a limit that is not set is null, and the cpus then count", () => {
    const v1 = cgroupUsage("v1", from({
      "memory.limit_in_bytes": "9223372036854771712\n",
      "memory.memsw.limit_in_bytes": "9223372036854771712\n",
      "cpu.cfs_quota_us": "-1\n",
      "cpu.cfs_period_us": "100000\n",
      "cpuset.effective_cpus": "0-3\n"
    }))
    const v2 = cgroupUsage("v2", from({ "memory.max": "max\n", "cpu.max": "max 100000\n", "cpuset.cpus.effective": "0-3\n" }))
    for (const { cpu, memory } of [v1, v2]) {
      assert.deepStrictEqual([memory.limitBytes, memory.swapLimitBytes, cpu.quota, cpu.count], [null, null, null, 4])
    }
  })

  it("reads the files of what is wanted alone, and each of them once", () => {
    const read = (layout: CgroupLayoutName, ...fields: ReadonlyArray<string>): ReadonlyArray<string> => {
      const files: Array<string> = []
      cgroupUsage(layout, (_, file) => {
        files.push(file)
        return "1\n"
      }, cgroupNumbers((field) => fields.includes(field)))
      return files.sort()
    }
    assert.deepStrictEqual(read("v1", "memory.usageBytes", "cpu.usageSeconds"), ["cpuacct.usage", "memory.usage_in_bytes"])
    assert.deepStrictEqual(read("v2", "memory.usageBytes", "cpu.usageSeconds"), ["cpu.stat", "memory.current"])
    assert.deepStrictEqual(read("v1", "io"), ["blkio.throttle.io_service_bytes_recursive"])
    assert.deepStrictEqual(read("v2", "cpu"), ["cpu.max", "cpu.stat", "cpu.weight", "cpuset.cpus.effective"])
    assert.deepStrictEqual(read("v1"), [])
  })

  it("nothing at all, where there are no files", () => {
    assert.deepStrictEqual([cgroupUsage("v1", from({})), cgroupUsage("v2", from({}))], [noCgroupUsage, noCgroupUsage])
  })

  it("what goes through a loop device is counted once, at the device below it", () => {
    const io = (text: string) => cgroupUsage("v2", from({ "io.stat": text })).io
    assert.deepStrictEqual(io("7:0 rbytes=4096 wbytes=0\n254:0 rbytes=4096 wbytes=0\n"), { readBytes: 4_096, writtenBytes: 0 })
    assert.deepStrictEqual(io("7:0 rbytes=4096 wbytes=1\n"), { readBytes: 4_096, writtenBytes: 1 })
  })

  it("a weight survives the way to shares and back", () => {
    for (const weight of [1, 2, 50, 99, 100, 101, 1_000, 10_000]) assert.strictEqual(weightOf(sharesOf(weight)), weight)
  })
})

type NetworkFiles = Readonly<Record<Parameters<ReadNetwork>[0], string>>

interface Peer {
  readonly name: HostPeer["name"]
  readonly guestIndex: ReturnType<HostPeer["guestIndex"]>
}

const guestInterfaces = (files: NetworkFiles, peers: ReadonlyArray<Peer>) =>
  interfacesOf((file) => files[file], peers.map(({ guestIndex, name }) => ({ name, guestIndex: () => guestIndex })))

const files: NetworkFiles = {
  dev: `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  eth0:  123456      12    0    0    0     0          0         0     2222      13    0    0    0     0       0          0
  eth1:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
`,
  route: `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT                 
eth0\t00000000\t0100630A\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t0000630A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth1\t0000A8C0\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
`,
  fib_trie: `Main:
  +-- 10.99.0.0/24 2 0 2
     |-- 10.99.0.0
        /24 link UNICAST
Local:
  +-- 0.0.0.0/0 3 0 5
     +-- 10.99.0.0/24 2 0 2
        |-- 10.99.0.5
           /32 host LOCAL
        |-- 10.99.0.255
           /32 link BROADCAST
     +-- 127.0.0.0/8 2 0 2
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
     |-- 192.168.7.7
        /32 host LOCAL
`,
  if_inet6: `00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000021b3cfffe4d5e6f 02 40 20 80     eth0
20010db8000000000001000000000001 02 40 00 80     eth0
`,
  igmp: `Idx\tDevice    : Count Querier\tGroup    Users Timer\tReporter
1\tlo        :     1      V3
\t\t\t\t010000E0     1 0:00000000\t\t0
3\teth1      :     1      V3
\t\t\t\t010000E0     1 0:00000000\t\t0
`
}

describe("what /proc says of a guest's network", () => {
  const [lo, eth0, eth1] = guestInterfaces(files, [{ name: "elAn1", guestIndex: 3 }, { name: "elAn0", guestIndex: 2 }])

  it("its own names, and the host's ends by their index", () => {
    assert.deepStrictEqual([lo, eth0, eth1].map((each) => [each?.name, each?.hostName]), [
      ["lo", null],
      ["eth0", "elAn0"],
      ["eth1", "elAn1"]
    ])
  })

  it("bytes as the guest counts them", () => {
    assert.deepInclude(eth0, { receivedBytes: 123_456, sentBytes: 2_222 })
  })

  it("each address with the interface whose network it is in", () => {
    assert.deepStrictEqual(lo?.addresses, ["127.0.0.1/8", "::1/128"])
    assert.deepStrictEqual(eth0?.addresses, ["10.99.0.5/24", "fe80::21b:3cff:fe4d:5e6f/64", "2001:db8::1:0:0:1/64"])
    assert.deepStrictEqual(eth1?.addresses, ["192.168.7.7/16"])
  })

  it("IPv6 addresses as RFC 5952 wants them, wherever zeros are", () => {
    for (let zeros = 0; zeros < 256; zeros++) {
      const hex = Array.from({ length: 8 }, (_, at) => (zeros >> at) % 2 === 1 ? "0000" : `0db${at}`)
      const [eth0] = guestInterfaces({ ...files, dev: files.dev.replace(/ *(lo|eth1).*\n/g, ""), if_inet6: `${hex.join("")} 02 40 20 80 eth0\n` }, [])
      const { hostname } = new URL(`http://[${hex.join(":")}]`)
      assert.strictEqual(eth0?.addresses.at(-1), `${hostname.slice(1, -1)}/64`)
    }
  })

  it("an interface without a sign of its index has the one end that is left", () => {
    const down = { ...files, if_inet6: "", igmp: "" }
    const [, only] = guestInterfaces({ ...down, dev: files.dev.replace(/ *eth1.*\n/, "") }, [{ name: "elAn0", guestIndex: 9 }])
    assert.strictEqual(only?.hostName, "elAn0")
    const untold = guestInterfaces({ ...down, dev: files.dev.replace(/ *eth1.*\n/, "") }, [{ name: "elAn0", guestIndex: undefined }])
    assert.deepStrictEqual(untold.map((each) => each.hostName), [null, "elAn0"])
    const two = guestInterfaces(down, [{ name: "elAn0", guestIndex: 2 }, { name: "elAn1", guestIndex: 3 }])
    assert.deepStrictEqual(two.map((each) => each.hostName), [null, null, null])
  })

  it("an address in no network is not guessed where two could have it", () => {
    const lost = { ...files, route: "" }
    assert.notInclude(JSON.stringify(guestInterfaces(lost, [])), "10.99.0.5")
    const [, only] = guestInterfaces({ ...lost, dev: files.dev.replace(/ *eth1.*\n/, "") }, [])
    assert.isTrue(only?.addresses.includes("10.99.0.5/32"))
  })

  it("nothing of a process that is gone", () => {
    assert.deepStrictEqual(guestInterfaces({ dev: "", route: "", fib_trie: "", if_inet6: "", igmp: "" }, []), [])
  })
})
