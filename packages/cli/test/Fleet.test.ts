import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { assert, describe, it } from "@effect/vitest"
import { dying, obedient } from "@effect-lxc/test-kit/Guest"
import { emptyHost } from "@effect-lxc/test-kit/HostBuilder"
import * as TestHypervisor from "@effect-lxc/test-kit/TestHypervisor"
import { runToEnd } from "@effect-lxc/test-kit/TestKit"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { execFileSync, spawnSync } from "node:child_process"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { conflict, makeFakeHost, running } from "./FakeHost.ts"
import { cli, prepare, temporary } from "./Harness.ts"

const { path } = temporary()

const specOf = (name: string, autostart = "{}") =>
  `name: ${name}\ndisks: [{ path: /srv/images/${name}.img }]\nautostart: ${autostart}\n`

/** A directory with these files, by its path. */
const directoryOf = (name: string, files: Readonly<Record<string, string>>): string => {
  const directory = path(name)
  mkdirSync(directory, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text)
  return directory
}

const shop = directoryOf("shop", {
  "db.yaml": specOf("db"),
  "web.yml": specOf("web", "{ after: [db], priority: 9 }"),
  "proxy.json": JSON.stringify({ name: "proxy", disks: [{ path: "/srv/images/proxy.img" }], autostart: { after: ["web"] } }),
  ".db.yaml.swp.yaml": "not: a spec",
  "README.md": "not a spec"
})

const simulated = (web = obedient()) =>
  TestHypervisor.layer({
    host: emptyHost({
      images: { "/srv/images/db.img": obedient(), "/srv/images/web.img": web, "/srv/images/proxy.img": obedient() }
    })
  })

/** Commands load their modules when they run, which takes real time that the test clock does not know of. */
const toEnd = <A, E, R>(effect: Effect.Effect<A, E, R>) => runToEnd(effect, { step: "100 millis", steps: 1_000_000 })

const onShop = (body: (effectLxc: (...argv: ReadonlyArray<string>) => ReturnType<typeof cli>) => Effect.Effect<void>, web = obedient()) =>
  Effect.gen(function*() {
    const hypervisor = yield* Hypervisor
    yield* body((...argv) => toEnd(cli(argv, { make: () => Layer.succeed(Hypervisor, hypervisor) })))
  }).pipe(Effect.provide(simulated(web)))

interface Summary {
  readonly operation: string
  readonly ok: boolean
  readonly instances: ReadonlyArray<{ readonly name: string; readonly outcome: string; readonly because: ReadonlyArray<string> }>
}

const outcomes = (text: string) => {
  const { instances, ok, operation } = JSON.parse(text) as Summary
  return [operation, ok, ...instances.map(({ name, outcome }) => `${name} ${outcome}`)]
}

describe("start --all and stop --all", () => {
  it.effect("deal with every spec of a directory in its order and sum up", () =>
    onShop((effectLxc) =>
      Effect.gen(function*() {
        const up = yield* effectLxc("start", "--all", shop)
        assert.strictEqual(up.code, 0)
        assert.match(up.out, /^NAME +OUTCOME +TIME +REASON\ndb +started +\d+ ms +-\nweb +started [^\n]*\nproxy +started [^\n]*\n3 instances: 3 started\n$/)
        assert.deepStrictEqual(up.err.split("\n").map((line) => line.split(" (")[0]), ["db: started", "web: started", "proxy: started", ""])
        const again = yield* effectLxc("start", "--json", "--all", shop)
        assert.deepStrictEqual([again.err, ...outcomes(again.out)], ["", "start", true, "db running", "web running", "proxy running"])
        const down = yield* effectLxc("stop", "--all", shop, "--json")
        assert.deepStrictEqual(outcomes(down.out), ["stop", true, "proxy stopped", "web stopped", "db stopped"])
        const gone = yield* effectLxc("stop", "--all", shop, "--json")
        assert.deepStrictEqual(outcomes(gone.out), ["stop", true, "proxy absent", "web absent", "db absent"])
      })))

  it.effect("end with exit code 1 where one fails: the summary on stdout, each cause on stderr, and what was skipped for whom", () =>
    onShop((effectLxc) =>
      Effect.gen(function*() {
        const up = yield* effectLxc("start", "--all", shop)
        assert.strictEqual(up.code, 1)
        assert.match(up.out, /3 instances: 1 started, 1 failed, 1 skipped\n$/)
        assert.include(up.err, "effect-lxc: start web failed at step ")
        assert.include(up.err, "effect-lxc: proxy was not started: it comes after web, which did not start\n")
        const asJson = yield* effectLxc("start", "--all", shop, "--json")
        assert.deepStrictEqual(outcomes(asJson.out), ["start", false, "db running", "web failed", "proxy skipped"])
        const [failed] = (JSON.parse(asJson.out) as { instances: ReadonlyArray<{ error: object | null }> }).instances.flatMap((each) => each.error ?? [])
        assert.includeMembers(Object.keys(failed ?? {}), ["_tag", "message", "problem", "residue", "next"])
        const lines = asJson.err.trimEnd().split("\n").map((line) => (JSON.parse(line) as { error: { _tag: string } }).error._tag)
        assert.deepStrictEqual(lines, ["OperationFailed", "Skipped"])
      }), dying(0, 1)))

  it.effect("print every plan in order with --dry-run, each against the host as it is, and do nothing", () =>
    onShop((effectLxc) =>
      Effect.gen(function*() {
        const headings = (text: string) => text.split("\n").filter((line) => line.startsWith("plan: "))
        const dry = yield* effectLxc("start", "--all", shop, "--dry-run")
        assert.deepStrictEqual(headings(dry.out), ["plan: start db", "plan: start web", "plan: start proxy"])
        assert.strictEqual((yield* effectLxc("list")).out.split("\n").length, 2)
        const json = yield* effectLxc("start", "--all", shop, "--dry-run", "--json")
        const names = (JSON.parse(json.out) as ReadonlyArray<{ instance: string }>).map((each) => each.instance)
        assert.deepStrictEqual(names, ["db", "web", "proxy"])
        const sh = yield* effectLxc("start", "--all", shop, "--dry-run", "--format", "sh")
        assert.strictEqual(spawnSync("sh", ["-n"], { input: sh.out }).status, 0)
        yield* effectLxc("start", "--all", shop)
        assert.deepStrictEqual(headings((yield* effectLxc("stop", "--all", shop, "--dry-run")).out), ["plan: stop proxy", "plan: stop web", "plan: stop db"])
        const idle = yield* effectLxc("start", "--all", shop, "--dry-run")
        assert.deepStrictEqual(idle, { code: 0, out: "", err: "db: is running already\nweb: is running already\nproxy: is running already\n" })
      })))

  it.effect("touch nothing where a spec is wrong, a dependency is missing or a cycle is closed: exit code 2, everything named", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      host.facts = { ...host.facts, containers: [running("db", "/run/effect-lxc/containers")] }
      const wrong = directoryOf("wrong", { "a.yaml": "name: a\n", "b.yaml": `${specOf("b")}memroy: 1\n`, "c.yaml": specOf("c") })
      const missing = directoryOf("missing", { "a.yaml": specOf("a", "{ after: [zz] }") })
      const cycle = directoryOf("cycle", { "a.yaml": specOf("a", "{ after: [b] }"), "b.yaml": specOf("b", "{ after: [a] }") })
      const twice = directoryOf("twice", { "a.yaml": specOf("a"), "b.yaml": specOf("a") })
      const words = [
        [wrong, `${wrong}/a.yaml is not valid:\n  disks: a disk is required`, `${wrong}/b.yaml is not valid:\n  memroy: is not a known field`],
        [missing, `${missing} is not valid:\n  autostart.after: a waits for zz, and there is no spec of that name (a.yaml)`],
        [cycle, "autostart.after: a waits for b waits for a: none of them can be the first (a.yaml, b.yaml)"],
        [twice, "name: a is the name of more than one spec (a.yaml, b.yaml)"],
        [path("nowhere"), "cannot be read: there is no such directory; check its name"],
        [join(shop, "db.yaml"), "cannot be read: it is not a directory; give a directory of specs"]
      ] as const
      for (const [directory, ...messages] of words) {
        for (const command of ["start", "stop"]) {
          const ran = yield* cli([command, "--all", directory], { host })
          assert.deepStrictEqual([ran.code, ran.out], [2, ""])
          for (const message of messages) assert.include(ran.err, message)
        }
      }
      assert.deepStrictEqual([host.looks, host.applied], [0, []])
    }))

  it.effect("are told apart from the commands for one", () =>
    Effect.gen(function*() {
      const refused = (...argv: ReadonlyArray<string>) => Effect.map(cli(argv), ({ code, err, out }) => [code, out, err.split("\n")[0]])
      assert.deepStrictEqual(yield* refused("start"), [2, "", "effect-lxc: SPEC is missing, or --all DIR"])
      assert.deepStrictEqual(yield* refused("stop", "db", "--all", shop), [2, "", "effect-lxc: give either a NAME or --all DIR"])
      assert.deepStrictEqual(yield* refused("stop", "db", "--parallel", "2"), [2, "", "effect-lxc: --parallel goes with --all"])
      assert.match(String((yield* refused("start", "--all", shop, "--parallel", "0"))[2]), /--parallel: expected a whole number from 1 to 64; found "0"/)
      assert.deepStrictEqual(yield* refused("start", "--all", shop, "--parallel", "2", "--dry-run"), [
        2, "", "effect-lxc: --parallel does not go with --dry-run: plans are printed one after the other"
      ])
    }))

  it.effect("tell when they are interrupted what could not be undone, and the command that deals with all of it", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      const reached = yield* Deferred.make<void>()
      host.apply = (step) =>
        step._tag === "ConfirmAlive"
          ? Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
          : step._tag === "Unmount"
          ? Effect.fail(conflict("busy"))
          : Effect.succeed(undefined)
      const specs = directoryOf("one", { "web1.yaml": specOf("web1") })
      const { program, written } = prepare(["start", "--all", specs, "--json", "--run-dir", "/run/other"], { host })
      const fiber = yield* Effect.forkChild(program)
      yield* Deferred.await(reached)
      yield* Fiber.interrupt(fiber)
      const { error } = JSON.parse(written.err) as { error: Record<string, unknown> }
      assert.deepInclude(error, { _tag: "Interrupted", operation: "start", atOnce: false, done: [] })
      assert.deepStrictEqual(error["next"], ["effect-lxc", "--run-dir", "/run/other", "recover"])
      const target = "/run/other/containers/web1/rootfs"
      assert.deepInclude((error["residue"] as ReadonlyArray<unknown>)[0], { commands: [["umount", "--no-canonicalize", "--", target]] })
      assert.match(String(error["message"]), /^interrupted: what was being started was undone, but for what follows; dealt with before: none\n {2}unmount /)
    }))

  it.effect("tell at a start what is meant to run, does not, and has no spec among them", () =>
    Effect.gen(function*() {
      const host = makeFakeHost()
      const gone = { ...running("web9", "/run/effect-lxc/containers"), socket: false, init: null, populated: false, files: [] }
      host.facts = { ...host.facts, containers: [gone] }
      const empty = directoryOf("none", {})
      const ran = yield* cli(["start", "--all", empty], { host })
      assert.strictEqual(ran.err, `${empty} has no spec: no file *.yaml, *.yml or *.json\nweb9: is meant to run and does not, and ${empty} has no spec of it\n`)
      assert.match((yield* cli(["list"], { host })).out, /web9 +STOPPED +- +leftovers, meant to run\n/)
    }))

  it.effect("do not wait for a pipe among the specs, and have nothing to do in an empty directory", () =>
    Effect.gen(function*() {
      const empty = directoryOf("empty", {})
      execFileSync("mkfifo", [join(empty, "pipe.yaml")])
      assert.deepStrictEqual(yield* cli(["start", "--all", empty]), {
        code: 0,
        out: "0 instances\n",
        err: `${empty} has no spec: no file *.yaml, *.yml or *.json\n`
      })
      assert.deepStrictEqual((yield* cli(["stop", "--all", empty, "--json"])).out, `${JSON.stringify({ operation: "stop", ok: true, instances: [] }, undefined, 2)}\n`)
    }))
})
