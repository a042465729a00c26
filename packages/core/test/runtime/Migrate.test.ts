import { HostPath } from "@effect-lxc/core/model/HostPath"
import { encodeInstance } from "@effect-lxc/core/model/Instance"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import type { PlanRejected } from "@effect-lxc/core/plan/PlanRejected"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Diff, Faults, Incidents, SimulatedHost, type SimulatedState, TestKit, World } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { directories, failureOf, host, instance, onHost, problemOf } from "./fixtures.ts"

const web1 = instance()
const web2 = InstanceName.make("web2")
const archive = HostPath.make("/srv/web1.export")

const codesOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(failureOf(effect), (error) => {
    assert.strictEqual(error._tag, "PlanRejected")
    return (error as unknown as PlanRejected).rejections.map(({ code }) => code) // its tag was just seen
  })

/** What is on a host that has exported web1 to {@link archive}. */
const exported: Effect.Effect<SimulatedState> = Effect.gen(function*() {
  const hypervisor = yield* Hypervisor
  yield* hypervisor.export(web1.name, archive, { instance: web1 })
  return yield* (yield* SimulatedHost).state
}).pipe(onHost({ host: host() }), Effect.orDie)

describe("export", () => {
  it.effect("of a spec makes one new file, and leaves nothing else", () =>
    Effect.gen(function*() {
      const before = yield* (yield* SimulatedHost).state
      yield* (yield* Hypervisor).export(web1.name, archive, { instance: web1 })
      const after = yield* (yield* SimulatedHost).state
      assert.match(Diff.traces(before, after, directories), /^\+ file \/srv\/web1\.export \(0600, [^\n]*\n$/)
    }).pipe(onHost({ host: host() })))

  it.effect("of what runs is refused, and with stop it is stopped first, by its own record", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const before = yield* (yield* SimulatedHost).state
      yield* hypervisor.start(web1)
      assert.deepStrictEqual(yield* codesOf(hypervisor.export(web1.name, archive)), ["not-stopped"])
      assert.strictEqual((yield* hypervisor.info("web1")).state, "RUNNING")
      yield* hypervisor.export(web1.name, archive, { stop: true })
      const after = yield* (yield* SimulatedHost).state
      assert.match(Diff.traces(before, after, directories), /^\+ file \/srv\/web1\.export [^\n]*\n$/)
      assert.deepInclude(JSON.parse((JSON.parse(after.files[archive]?.text ?? "") as { spec: string }).spec), encodeInstance(web1) as object)
    }).pipe(onHost({ host: host() })))

  it.effect("by a name of which nothing is known asks for the spec", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* codesOf((yield* Hypervisor).export(web2, archive)), ["record-missing"])
    }).pipe(onHost({ host: host() })))

  it.effect("overwrites a file only with force, and never the disk itself", () =>
    Effect.gen(function*() {
      const { export: exportTo } = yield* Hypervisor
      const to = (path: string, force: boolean) => exportTo(web1.name, HostPath.make(path), { instance: web1, force })
      yield* to(archive, false)
      assert.deepStrictEqual(yield* codesOf(to(archive, false)), ["file-exists"])
      yield* to(archive, true)
      assert.deepStrictEqual(yield* codesOf(to("/srv/web1.img", true)), ["same-file"])
      assert.deepStrictEqual(yield* codesOf(to("/srv", true)), ["not-a-file"])
      assert.deepStrictEqual(yield* codesOf(to("/none/web1.export", true)), ["directory-missing"])
    }).pipe(onHost({ host: host() })))

  it.effect("that replaced an older file and fails then leaves the new one, which is whole: the older is gone", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.export(web1.name, archive, { instance: web1 })
      const { message } = yield* problemOf(hypervisor.export(web1.name, archive, { instance: web1, force: true }))
      assert.include(message, "unless it had replaced an older file")
      yield* hypervisor.import(archive, { name: web2, start: false })
    }).pipe(onHost({ host: host(), faults: [Faults.atTag("MoveIntoPlace", "act-then-refuse", { nth: 1 })] })))

  it.effect("that finds its place taken at the last moment leaves what is there, and so does a recovery", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const simulated = yield* SimulatedHost
      const exporting = yield* Effect.forkChild(problemOf(hypervisor.export(web1.name, archive, { instance: web1 })))
      yield* Effect.sleep(1)
      yield* simulated.update(Incidents.putFile(archive, "somebody's"))
      const error = yield* Fiber.join(exporting)
      assert.include(error.message, `${archive} exists already`)
      assert.deepStrictEqual(error.residue, [])
      yield* hypervisor.recover(web1.name)
      const { files } = yield* simulated.state
      assert.strictEqual(files[archive]?.text, "somebody's")
      assert.deepStrictEqual(Object.keys(files).filter((path) => path.endsWith(".partial")), [])
    }).pipe(onHost({ host: host() })))

  it.effect("with force that replaced nothing and fails then leaves nothing", () =>
    Effect.gen(function*() {
      yield* problemOf((yield* Hypervisor).export(web1.name, archive, { instance: web1, force: true }))
      assert.strictEqual(Diff.traces(host(), yield* (yield* SimulatedHost).state, directories), "")
    }).pipe(onHost({ host: host(), faults: [Faults.atTag("MoveIntoPlace", "act-then-refuse")] })))

  it.effect("that fails when its spec is packed has it in RUN/exports still: that of what it stopped, and one that it found there", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const simulated = yield* SimulatedHost
      const head = `${directories.exported("web1")}`
      yield* hypervisor.start(web1)
      for (const options of [{ stop: true }, { instance: web1 }]) {
        if (!("stop" in options)) yield* hypervisor.stop(web1.name) // it is not meant to run any more
        const { residue } = yield* problemOf(hypervisor.export(web1.name, archive, options))
        assert.deepStrictEqual(residue, [])
        const { files } = yield* simulated.state
        assert.deepStrictEqual(JSON.parse(files[`${head}/spec.json`]?.text ?? ""), encodeInstance(web1))
        assert.deepInclude(files[`${head}/manifest.json`], { mode: "0600" })
        assert.deepInclude(files[head], { mode: "0700" })
        assert.isUndefined(files[archive])
      }
      yield* hypervisor.export(web1.name, archive, { instance: web1 })
      assert.match(Diff.traces(host(), yield* simulated.state, directories), /^\+ file \/srv\/web1\.export \(0600, [^\n]*\n$/)
    }).pipe(onHost({ host: host(), faults: [Faults.atTag("MoveIntoPlace", "refuse"), Faults.atTag("MoveIntoPlace", "refuse", { nth: 2 })] })))

  it.effect("by another spec than that of what it had stopped, and could not pack, leaves that one where it is", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const simulated = yield* SimulatedHost
      const left = `${directories.exported("web1")}/spec.json`
      yield* hypervisor.start(web1)
      yield* problemOf(hypervisor.export(web1.name, archive, { stop: true }))
      yield* hypervisor.stop(web1.name)
      const { message, residue } = yield* problemOf(hypervisor.export(web1.name, archive, { instance: instance({ nics: [] }) }))
      assert.include(message, `${left} holds another text; it is somebody else's, or was left by one that failed: use it, or move it away`)
      assert.deepStrictEqual(residue, [])
      assert.deepStrictEqual(JSON.parse((yield* simulated.state).files[left]?.text ?? ""), encodeInstance(web1))
      yield* hypervisor.export(web1.name, archive, { instance: web1 })
      assert.isUndefined((yield* simulated.state).files[left])
    }).pipe(onHost({ host: host(), faults: [Faults.atTag("MoveIntoPlace", "refuse")] })))

  const meant = directories.meantToRun("web1")
  const meantIn = ({ files }: SimulatedState) => (JSON.parse(files[meant]?.text ?? "{}") as { readonly instance?: unknown }).instance
  const exporting = Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.export(web1.name, archive, { stop: true }))

  it.effect("from which the power is cut off leaves what it stopped meant to run, with its spec, and the next one ends that", () =>
    TestKit.runToEnd(Effect.gen(function*() {
      const world = yield* World
      yield* (yield* world.process()).run(Effect.flatMap(Hypervisor, ({ start }) => start(web1)))
      const happening = { _tag: "Boot", bootId: "5a1d1b2e-0000-4000-8000-000000000009" } as const
      const { run } = yield* world.process({ faults: [Faults.atTag("ExportArchive", "befall", { call: "observe", happening })] })
      assert.strictEqual((yield* failureOf(run(exporting)))._tag, "ProcessDied")
      assert.deepStrictEqual(meantIn(yield* world.state), encodeInstance(web1))
      const again = yield* world.process()
      assert.deepStrictEqual((yield* again.run(Effect.flatMap(Hypervisor, ({ recover }) => recover()))).notRunning, ["web1"])
      yield* again.run(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.export(web1.name, archive, { instance: web1, stop: true })))
      const { files } = yield* world.state
      assert.isDefined(files[archive])
      assert.isUndefined(files[meant])
    }).pipe(Effect.provide(World.layer({ host: host() }), { local: true }))))

  describe.each(["refuse", "act-then-refuse", "crash"] as const)("that stops it first and meets with a %s", (kind) => {
    it.effect("at any of its steps leaves what it stopped meant to run, also once it is recovered", () =>
      TestKit.runToEnd(Effect.gen(function*() {
        const running = yield* Effect.gen(function*() {
          const hypervisor = yield* Hypervisor
          yield* hypervisor.start(web1)
          const { steps } = yield* hypervisor.plan.export(web1.name, archive, { stop: true })
          return { state: yield* (yield* SimulatedHost).state, steps }
        }).pipe(onHost({ host: host() }), Effect.orDie)
        for (const [index, { _tag }] of running.steps.entries()) {
          yield* Effect.gen(function*() {
            const world = yield* World
            const ended = yield* Effect.exit((yield* world.process({ faults: [Faults.atIndex(index, kind)] })).run(exporting))
            if (ended._tag === "Success") return // what the step is for was there already
            yield* (yield* world.process()).run(Effect.flatMap(Hypervisor, ({ recover }) => recover()))
            const after = yield* world.state
            assert.deepStrictEqual(meantIn(after), encodeInstance(web1), `step ${index}, ${_tag}`)
            assert.isUndefined(after.files[archive], `step ${index}, ${_tag}`)
          }).pipe(Effect.provide(World.layer({ host: running.state }), { local: true }))
        }
      })))
  })

  it.effect("to a full disk says so and leaves no half file; one that was stopped for it keeps its spec", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const simulated = yield* SimulatedHost
      yield* hypervisor.start(web1)
      yield* simulated.update(Incidents.fillDisk("/srv"))
      const error = yield* problemOf(hypervisor.export(web1.name, archive, { stop: true }))
      assert.include(error.message, "ENOSPC")
      assert.include(error.message, "stays stopped")
      const { files } = yield* simulated.state
      assert.deepStrictEqual(Object.keys(files).filter((path) => path.startsWith("/srv/")), ["/srv/web1.img"])
      assert.deepStrictEqual(JSON.parse(files["/run/effect-lxc/exports/web1/spec.json"]?.text ?? ""), encodeInstance(web1))
    }).pipe(onHost({ host: host() })))
})

describe("import", () => {
  const onImporting = <A, E>(
    body: Effect.Effect<A, E, Hypervisor | SimulatedHost>,
    change: (state: SimulatedState) => SimulatedState = (state) => state,
    faults: ReadonlyArray<Faults.Fault> = []
  ) => Effect.flatMap(exported, (state) => onHost({ host: change(state), faults })(body))

  it.effect("that cannot put the root back keeps the place for it, and the next command does", () =>
    onImporting(
      Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const before = yield* (yield* SimulatedHost).state
        const { residue } = yield* problemOf(hypervisor.import(archive, { name: web2 }))
        assert.deepStrictEqual(residue.map(({ step }) => step._tag), ["MoveIntoPlace", "RemoveTree"])
        assert.match(residue[1]?.problem._tag === "NotUndone" ? residue[1].problem.why : "", /could not be done: move .*web2.img to /)
        assert.lengthOf((yield* hypervisor.recover()).recovered, 1)
        assert.strictEqual(Diff.traces(before, yield* (yield* SimulatedHost).state, directories), "")
      }),
      undefined,
      [Faults.atTag("MoveIntoPlace", "refuse", { nth: 1 }), Faults.atTag("MoveIntoPlace", "refuse", { nth: 3 })]
    ))

  it.effect("of which the root was put back with a failure is undone to its end", () =>
    onImporting(
      Effect.gen(function*() {
        const { residue } = yield* problemOf((yield* Hypervisor).import(archive, { name: web2 }))
        assert.deepStrictEqual(residue, [])
      }),
      undefined,
      [Faults.atTag("MoveIntoPlace", "refuse", { nth: 1 }), Faults.atTag("MoveIntoPlace", "act-then-refuse", { nth: 3 })]
    ))

  it.effect("restores and starts by another name, with a MAC of its own, and by its own spec file", () =>
    onImporting(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const { warnings } = yield* hypervisor.import(archive, { name: web2 })
      assert.deepStrictEqual(warnings, ["nics[0].mac: aa:00:00:12:34:56 is left out, as it is web1's: web2 gets one of its own"])
      assert.strictEqual((yield* hypervisor.info("web2")).state, "RUNNING")
      const { files } = yield* (yield* SimulatedHost).state
      const spec = JSON.parse(files["/var/lib/effect-lxc/images/web2.json"]?.text ?? "") as Record<string, unknown>
      assert.deepInclude(spec, { name: "web2", nics: (encodeInstance(instance({ nics: [{ link: "br0" }] })) as Record<string, unknown>)["nics"] })
      assert.deepStrictEqual((spec["disks"] as ReadonlyArray<{ path: string }>).map(({ path }) => path), ["/var/lib/effect-lxc/images/web2.img"])
      assert.isUndefined(files["/var/lib/effect-lxc/images/.web2.import"])
      yield* hypervisor.stop(web2)
    })))

  const leftOver = (state: SimulatedState): SimulatedState =>
    ["spec.json", "instance.json", "root/etc/passwd"].reduce(
      (before, file) => Incidents.putFile(`/var/lib/effect-lxc/images/.web2.import/${file}`, "of another")(before),
      state
    )

  it.effect("takes away first what an earlier one left whose journal went with the power", () =>
    onImporting(
      Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        const before = yield* (yield* SimulatedHost).state
        yield* hypervisor.import(archive, { name: web2, start: false })
        const after = yield* (yield* SimulatedHost).state
        assert.deepStrictEqual(Object.keys(after.files).filter((file) => file.includes("import") || file.includes("passwd")), [])
        assert.deepStrictEqual(after.files["/var/lib/effect-lxc/images/web2.img"], { kind: "file", mode: "0600", text: "" })
        assert.isDefined(before.files["/var/lib/effect-lxc/images/.web2.import/instance.json"])
      }),
      leftOver
    ))

  it.effect("that fails where an earlier one had left something leaves nothing of either", () =>
    onImporting(
      Effect.gen(function*() {
        const hypervisor = yield* Hypervisor
        assert.strictEqual((yield* failureOf(hypervisor.import(archive, { name: web2, start: false })))._tag, "OperationFailed")
        const { files } = yield* (yield* SimulatedHost).state
        assert.deepStrictEqual(Object.keys(files).filter((file) => file.startsWith("/var/lib/effect-lxc/images/")), [])
      }),
      leftOver,
      [Faults.atTag("MoveIntoPlace", "refuse")]
    ))

  it.effect("does not start where it is told not to", () =>
    onImporting(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.import(archive, { name: web2, start: false, images: HostPath.make("/srv/moved") })
      assert.deepStrictEqual(yield* hypervisor.list(), [])
      const { files } = yield* (yield* SimulatedHost).state
      assert.includeMembers(Object.keys(files), ["/srv/moved/web2.img", "/srv/moved/web2.json"])
    })))

  it.effect("looks at all that its plan names, and is compared with all of it again", () =>
    Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const one = instance({
        disks: [{ path: "/srv/web1.img" }, { path: "/srv/data", target: "mnt" }],
        lxc: { mounts: [{ source: "/srv/shared", target: "srv" }], seccomp: "/etc/profile" }
      })
      yield* (yield* SimulatedHost).update((state) => ["/srv/data", "/srv/shared"].reduce((before, at) => Incidents.putDirectory(at)(before), state))
      yield* hypervisor.export(one.name, archive, { instance: one })
      const { basis, warnings } = yield* hypervisor.plan.import(archive, { name: web2, start: false })
      assert.include(warnings, "disks[1].path: /srv/data is not in the export: it is taken as it is on this host")
      assert.includeMembers(basis.paths.map(({ path }) => path), ["/srv/data", "/srv/shared", "/etc/profile", archive])
    }).pipe(onHost({ host: host() })))

  it.effect("overwrites nothing: no image, no spec, no instance", () =>
    onImporting(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* hypervisor.import(archive)
      const before = yield* (yield* SimulatedHost).state
      assert.deepStrictEqual(yield* codesOf(hypervisor.import(archive)), ["file-exists", "file-exists", "name-in-use"])
      assert.strictEqual(Diff.diff(before, yield* (yield* SimulatedHost).state), "")
    })))

  it.effect("of what its host lacks is refused before anything is touched", () =>
    onImporting(
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* codesOf((yield* Hypervisor).import(archive)), ["bridge-missing"])
      }),
      (state) => ({ ...state, interfaces: [] })
    ))

  it.effect("of a damaged stream says so and leaves the host as before", () => {
    const damage = (state: SimulatedState): SimulatedState => {
      const text = state.files[archive]?.text ?? ""
      return Incidents.putFile(archive, text.replace('"haltAfterMs":2000', '"haltAfterMs":2001'), "0600")(state)
    }
    return onImporting(
      Effect.gen(function*() {
        const before = yield* (yield* SimulatedHost).state
        const error = yield* problemOf((yield* Hypervisor).import(archive))
        assert.strictEqual(error.problem._tag, "ArchiveDamaged")
        assert.strictEqual(Diff.traces(before, yield* (yield* SimulatedHost).state, directories), "")
      }),
      damage
    )
  })

  it.effect("of a file that is none is refused", () =>
    Effect.gen(function*() {
      const error = yield* failureOf((yield* Hypervisor).import(HostPath.make("/srv/web1.img")))
      assert.include(error.message, "no export")
    }).pipe(onHost({ host: host() })))

  const importSteps = 19
  /** The start's own, of a directory that the import has made before. */
  const heldAlready = 16

  describe.each(Array.from({ length: importSteps }, (_, index) => ({ index })))("that fails at step $index", ({ index }) => {
    for (const kind of ["refuse", "act-then-refuse"] as const) {
      it.effect(`(${kind}) leaves the host as before`, () =>
        onImporting(
          Effect.gen(function*() {
            const before = yield* (yield* SimulatedHost).state
            const ended = yield* Effect.exit((yield* Hypervisor).import(archive, { name: web2 }))
            assert.strictEqual(ended._tag, index === heldAlready ? "Success" : "Failure")
            if (ended._tag === "Failure") assert.strictEqual(Diff.traces(before, yield* (yield* SimulatedHost).state, directories), "")
          }),
          undefined,
          [Faults.atIndex(index, kind)]
        ))
    }
  })

  it.effect("has no step that these faults leave out", () =>
    onImporting(Effect.gen(function*() {
      const plan = yield* (yield* Hypervisor).plan.import(archive, { name: web2 })
      assert.strictEqual(plan.steps.length, importSteps)
    })))
})

describe("what came into the place of what was moved there is somebody else's", () => {
  const images = "/var/lib/effect-lxc/images"
  const hypervise = <A, E>(ask: (hypervisor: Hypervisor["Service"]) => Effect.Effect<A, E>) => Effect.flatMap(Hypervisor, ask)

  /** A process dies when all was done, somebody puts a file where it had moved one to, and another process recovers. */
  const replaced = <E extends { readonly _tag: string }>(
    begun: SimulatedState,
    ask: (hypervisor: Hypervisor["Service"]) => Effect.Effect<unknown, E>,
    place: string
  ) =>
    TestKit.runToEnd(Effect.gen(function*() {
      const world = yield* World
      const { run } = yield* world.process({ faults: [Faults.atJournal("remove", "crash", { nth: 1 })] })
      assert.strictEqual((yield* failureOf(run(hypervise(ask))))._tag, "ProcessDied")
      assert.isDefined((yield* world.state).files[place], "it was moved")
      yield* world.update((state) => Incidents.putFile(place, "somebody's")(Incidents.removePath(place)(state)))
      const { recovered } = yield* (yield* world.process()).run(hypervise(({ recover }) => recover()))
      assert.lengthOf(recovered, 1)
      return yield* world.state
    }).pipe(Effect.provide(World.layer({ host: begun }), { local: true })))

  it.effect("and an export that died as it ended leaves it alone", () =>
    Effect.gen(function*() {
      const ask = ({ export: exporting }: Hypervisor["Service"]) => exporting(web1.name, archive, { instance: web1 })
      const { files } = yield* replaced(host(), ask, archive)
      assert.strictEqual(files[archive]?.text, "somebody's")
    }))

  it.effect("and so does an import, of the root as of the spec, and takes away all that is its own", () =>
    Effect.gen(function*() {
      const begun = yield* exported
      const ask = ({ import: importing }: Hypervisor["Service"]) => importing(archive, { name: web2, start: false })
      for (const place of [`${images}/web2.img`, `${images}/web2.json`]) {
        const after = yield* replaced(begun, ask, place)
        assert.strictEqual(after.files[place]?.text, "somebody's")
        assert.match(Diff.traces(begun, after, directories), new RegExp(`^(?:\\+ directory [^\\n]*\\n)+\\+ file ${place} [^\\n]*\\n$`))
      }
    }))
})
