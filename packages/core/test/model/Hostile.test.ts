import { instanceConfig } from "@effect-lxc/core/lxc/InstanceConfig"
import { parse } from "@effect-lxc/core/lxc/LxcConfig"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"
import * as Commands from "@effect-lxc/core/plan/Commands"
import { planStart } from "@effect-lxc/core/plan/StartPlan"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { inALine, runs } from "../fuzz/Mutations.ts"
import { target } from "../lxc/targets.ts"
import { directories, factsFor, host } from "../plan/fixtures.ts"
import { hostileTexts, problemsIn } from "./specs.ts"

/** A spec with something in every field, at a path of which a value can be put. */
const whole = () => ({
  name: "web1",
  disks: [
    { path: "/srv/web1.img", fsType: "ext4", options: ["noatime"], readOnly: false },
    { path: "/srv/data", target: "srv/data" }
  ],
  nics: [{ mode: "bridged", link: "br0", mac: "aa:00:00:12:34:56", name: "eth0", mtu: 1500, addresses: ["10.0.0.5/24"], gateway: ["10.0.0.1"] }],
  resources: { memory: "256MiB", swap: "1GiB", vcpus: 3, cpuMask: "0-2", cpuWeight: 100, pids: 100, ioWeight: 100 },
  lxc: {
    ttys: 2, ptys: 10, devices: ["c 1:3 rw"], dropCapabilities: ["sys_time"], haltSignal: "SIGPWR", init: "/sbin/init x",
    mounts: [{ source: "/srv/shared", target: "mnt", options: ["ro"] }], environment: { A: "b" }, startupTimeout: "5s",
    shutdownTimeout: "5s", settle: "1s", logLevel: "INFO", logSize: "1MiB", console: "log", seccomp: "/etc/profile", apparmor: "unconfined",
    idmap: ["b 0 100000 65536"], idmapRoot: "mapped", extraConfig: ["lxc.prlimit.nofile = 1024"]
  },
  autostart: { priority: 1, after: ["db1"] }
})

type Place = ReadonlyArray<string | number>

/** Every place in the spec with a value that is neither a list nor a mapping. */
const placesIn = (value: unknown, at: Place = []): ReadonlyArray<Place> =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, part]) => placesIn(part, [...at, Array.isArray(value) ? Number(key) : key]))
    : [at]

const places = placesIn(whole())

const wordOf = (place: Place): string =>
  place.reduce<string>((path, key) => typeof key === "number" ? `${path}[${key}]` : path === "" ? key : `${path}.${key}`, "")

const at = (value: unknown, place: Place): unknown =>
  place.reduce<unknown>((part, key) => (part as Record<string | number, unknown>)[key], value) // the spec above has it

const put = (place: Place, value: unknown): unknown => {
  const spec = whole()
  const holder = at(spec, place.slice(0, -1)) as Record<string | number, unknown> // as above
  holder[place.at(-1) ?? ""] = value
  return spec
}

/** Every dialect of the configuration, and every layout. */
const targets = ([
  ["1.0.0", "v1"], ["2.0.0", "hybrid"], ["2.1.0", "v1"], ["3.0.0", "v2"], ["4.0.0", "hybrid"], ["5.0.2", "v1"], ["5.0.2", "hybrid"], ["5.0.2", "v2"], ["7.0.0", "v2"]
] as const).map(([lxc, layout]) =>
  target(lxc, layout, { swapAccounting: true, ioWeightFile: layout === "v2" ? "io.weight" : "blkio.weight" }))

const keysOf = (instance: Instance, on: typeof targets[number]): string =>
  Result.match(instanceConfig(instance, on), {
    onFailure: (refusals) => {
      assert.isNotEmpty(refusals)
      return "refused"
    },
    onSuccess: ({ config, text }) => {
      assert.deepStrictEqual(parse(text), Result.succeed({ config, ignored: [] }))
      return config.map((line) => line._tag === "Entry" ? line.key : "#").join(" ")
    }
  })

const usual = new Map(targets.map((on) => [on, keysOf(Result.getOrThrow(decodeInstance(whole())), on)]))

const argvsOf = (instance: Instance): ReadonlyArray<Commands.Argv> => {
  const facts = { ...factsFor(host(), instance), paths: [] }
  return Result.match(planStart(instance, directories, facts), {
    onFailure: () => [],
    onSuccess: ({ steps }) => steps.flatMap((step): ReadonlyArray<Commands.Argv> => {
      switch (step._tag) {
        case "AttachLoop":
          return [Commands.attachLoop(step)]
        case "Mount":
          return [Commands.mount(step, step.source)]
        case "StartContainer":
          return [Commands.startContainer(step)]
        default:
          return []
      }
    })
  })
}

const options: ReadonlySet<string> = new Set([
  "--find", "--show", "--offset", "--sizelimit", "--read-only", "--", "-t", "-o", "-d", "-n", "-P", "-l", "-L", "-p"
])

/** Whatever of a spec is accepted means just what it says. */
const isHarmless = (instance: Instance, sameKeys: boolean): void => {
  for (const on of targets) {
    const keys = keysOf(instance, on)
    if (sameKeys && keys !== "refused") assert.strictEqual(keys, usual.get(on))
  }
  const paths = [...instance.disks, ...instance.lxc.mounts].flatMap((each) => "path" in each ? [each.path, each.target ?? ""] : [each.source, each.target])
  for (const path of paths) assert.notInclude(path.split("/"), "..")
  for (const argv of argvsOf(instance)) {
    assert.include(["losetup", "mount", "lxc-start"], argv[0])
    for (const word of argv) {
      assert.notMatch(word, /[\0\n]/)
      assert.isTrue(!word.startsWith("-") || options.has(word), `${word} in ${argv.join(" ")}`)
    }
  }
}

/** Fields whose value is a key of the configuration, or says which keys there are. */
const choosesKeys = /^(?:lxc\.(?:extraConfig|console|noNewPrivs|idmap|idmapRoot|seccomp|devices)|nics\[0\]\.(?:mode|addresses|gateway)|resources)/

const attempt = (place: Place, value: unknown): void => {
  const spec = put(place, value)
  const decoded = decodeInstance(spec)
  const field = wordOf(place)
  if (Result.isSuccess(decoded)) return isHarmless(decoded.success, !choosesKeys.test(field))
  assert.isNotEmpty(decoded.failure.problems)
  for (const { message, path } of decoded.failure.problems) {
    const near = field.startsWith(path) || path.startsWith(field) || path.startsWith("resources.") && field.startsWith("resources.")
    assert.isTrue(near, `${path} is named for ${field}`)
    assert.isBelow(message.length, 700)
    assert.notMatch(message, /[\p{Cc}\p{Cs}\u2028\u2029]/u)
  }
}

const hostile: ReadonlyArray<string> = [
  "", " ", "-", "--", "-rf", "--help", "-o", ".", "..", "/", "//", "../../etc", "\n", "\r\n", "\0", "\t", "\u0085", "\u2028", "\ud800", "\udc00", "\u202e",
  "\u200b", "а", "ｗeb1", "e\u0301", "'", "\"", "\"a\"", "\\", "\\040", "%s", "$(id)", "`id`", ";id", "|id", "&a", "*a", "!!str a", "#a", "a #b", "=", "a=b", ",", ":", ",ro",
  "\nlxc.hook.pre-start = /bin/sh", "\rlxc.include = /tmp/x", " lxc.include = /tmp/x", "x".repeat(5_000), `/${"x".repeat(5_000)}`, "9".repeat(400), "-1", "0x10", "1e309", "NaN",
  "0-8191,".repeat(20_000), "__proto__", "constructor"
]

describe("hostile text", () => {
  for (const place of places) {
    it(`in ${wordOf(place)} is refused by the field's name, or means just what it says`, () => {
      const valid = String(at(whole(), place))
      for (const text of hostile) for (const value of [text, `${valid}${text}`]) attempt(place, value)
    })
  }

  it.prop("of any kind, anywhere, is refused by the field's name, or means just what it says", [hostileTexts], ([text]) => {
    for (const place of places) attempt(place, `${String(at(whole(), place))}${text}`)
  }, { arbitrary: { runs: Math.ceil(runs / 25) } })

  it("as the name of a variable is refused", () => {
    for (const name of hostile.filter((each) => each !== "constructor" && each !== "NaN")) {
      const variables = JSON.parse(`{${JSON.stringify(name)}: "x"}`) as unknown
      assert.isNotEmpty(Object.keys(problemsIn(put(["lxc", "environment"], variables))), name)
    }
  })
})

describe("a hostile value", () => {
  const deep = (depth: number): unknown => Array.from({ length: depth }).reduce<unknown>((inner) => [inner], 0)
  const values: ReadonlyArray<unknown> = [
    Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, -1, 0.1, 1e308, 2 ** 53, 2 ** 31, 1n, null, undefined, true, [], {}, () => "x",
    Symbol("x"), new Date(0), deep(20_000), { toString: () => "web1" }, JSON.parse(`{"__proto__":{"name":"web1"}}`), ["a", ["b"]]
  ]
  for (const place of places) {
    it(`in ${wordOf(place)} is refused by the field's name, or means just what it says`, () => {
      for (const value of values) if (value !== undefined) attempt(place, value)
    })
  }

  it("by a name that would touch prototypes is an unknown field, everywhere", () => {
    const holders = [[], ["disks", 0], ["nics", 0], ["resources"], ["lxc"], ["lxc", "mounts", 0], ["autostart"]] satisfies ReadonlyArray<Place>
    for (const holder of holders) {
      for (const key of ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty"]) {
        const part = JSON.stringify(at(whole(), holder)).replace("{", `{${JSON.stringify(key)}: {"a": 1}, `)
        const spec: unknown = holder.length === 0 ? JSON.parse(part) : put(holder, JSON.parse(part))
        const problems = Object.entries(problemsIn(spec))
        assert.deepStrictEqual(problems.map(([path]) => path), [holder.length === 0 ? key : `${wordOf(holder)}.${key}`])
        assert.include(problems[0]?.[1], "is not a known field")
      }
    }
    assert.isFalse("a" in {}, "no prototype was touched")
  })

  it("in lists without end is refused, or read, in a line of time", () => {
    const many = <A>(of: (index: number) => A): ReadonlyArray<A> => Array.from({ length: 60_000 }, (_, index) => of(index))
    const mac = (i: number) => `aa:00:00:${[16, 8, 0].map((bits) => (i >> bits & 255).toString(16).padStart(2, "0")).join(":")}`
    const lists: ReadonlyArray<readonly [Place, unknown]> = [
      [["autostart", "after"], many((i) => `db${i}`)],
      [["nics"], many((i) => ({ link: "br0", name: `e${i}`, mac: mac(i) }))],
      [["disks"], many((i) => ({ path: `/d${i}`, target: `d${i}` }))],
      [["lxc", "mounts"], many((i) => ({ source: "/srv", target: `m${i}` }))],
      [["lxc", "idmap"], many((i) => `u ${i} ${i} 1`)],
      [["lxc", "devices"], many(() => "c 1:3 rw")],
      [["lxc", "extraConfig"], many(() => "lxc.arch = a")],
      [["lxc", "dropCapabilities"], many(() => "kill")],
      [["lxc", "environment"], Object.fromEntries(many((i) => [`A${i}`, "b"]))],
      [["resources", "cpuMask"], many((i) => i % 8192).join(",")],
      [["resources", "cpuMask"], many(() => "0-8191").join(",")]
    ]
    for (const [place, list] of lists) {
      inALine(wordOf(place), () => decodeInstance(put(place, list)))
    }
  })
})
