import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { describe as describeStep } from "@effect-lxc/core/plan/Describe"
import { planCheckpoint, planRestore } from "@effect-lxc/core/plan/CheckpointPlan"
import { decodeExportHead, exportHead } from "@effect-lxc/core/plan/ExportFormat"
import { planExport } from "@effect-lxc/core/plan/ExportPlan"
import { planImport } from "@effect-lxc/core/plan/ImportPlan"
import { renderMermaid } from "@effect-lxc/core/plan/RenderMermaid"
import { renderShell } from "@effect-lxc/core/plan/RenderShell"
import { renderText } from "@effect-lxc/core/plan/RenderText"
import { Step } from "@effect-lxc/core/plan/Step"
import { planFreeze } from "@effect-lxc/core/plan/FreezePlan"
import { planRebootInPlace } from "@effect-lxc/core/plan/RebootPlan"
import { Arbitraries, Facts, Guest, Incidents, Scenario } from "@effect-lxc/test-kit"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { spawnSync } from "node:child_process"
import { carriedOut, directories, host, instance, planOf, startPlan, stopPlan } from "./fixtures.ts"

const web1 = instance()
const start = startPlan(web1, host())
const running = carriedOut(start, host())
const stop = stopPlan(web1, running)

/** One that may reboot by itself. */
const bootable = instance({ lxc: { dropCapabilities: [] } })
const bootableRunning = carriedOut(startPlan(bootable, host()), host())

const exported = Result.getOrThrow(decodeExportHead(exportHead(web1, "image"), "web1.export"))

const exportFacts = Facts.factsOf(host(), directories, ["/srv/web1.img", "/srv", "/srv/web1.export"])

/** One without terminals, which can be dumped. */
const quietWeb1 = instance({ lxc: { ttys: 0, console: "none" } })
const quiet = carriedOut(startPlan(quietWeb1, host()), host())
const kept = HostPath.make("/srv/kept")

/** Plans that have, between them, every step there is. */
const plans = [
  start,
  startPlan(instance({ resources: { memory: "64MiB" } }), Incidents.killMonitor("web1")(running)),
  stop,
  stopPlan(web1, Incidents.freeze("web1")(running), { force: true }),
  stopPlan(web1, Incidents.killMonitor("web1")(running)),
  Result.getOrThrow(planFreeze(web1.name, directories, Facts.factsOf(running, directories))),
  Result.getOrThrow(planRebootInPlace(bootable.name, directories, Facts.factsOf(bootableRunning, directories))),
  Result.getOrThrow(planExport(web1.name, HostPath.make("/srv/web1.export"), directories, exportFacts, { instance: web1 })),
  Result.getOrThrow(planImport(exported, "-", directories, exportFacts, { name: InstanceName.make("web2") })),
  Result.getOrThrow(planCheckpoint(web1.name, kept, directories, Facts.factsOf(quiet, directories, ["/srv/web1.img"]))),
  Result.getOrThrow(planRestore(quietWeb1, kept, directories, {
    ...exportFacts,
    paths: [...exportFacts.paths, { path: `${kept}/criu.images`, kind: "directory", realPath: `${kept}/criu.images` }]
  })),
  planOf(start, "powercycle", [{ _tag: "PowerCycle" }]),
  planOf(start, "resize", [{
    _tag: "SetLimit",
    lxcPath: HostPath.make(directories.containers),
    name: web1.name,
    controller: "memory",
    file: "memory.max",
    value: "1",
    previous: "2"
  }])
]

const sh = (script: string, ...args: ReadonlyArray<string>) => spawnSync("sh", [...args], { input: script, encoding: "utf8" })

describe("text", () => {
  it("numbers the steps, shows the config, and says what happens on failure", () => {
    const text = renderText(start)
    assert.strictEqual(
      text.split("\n").filter((line) => !line.startsWith("        |")).join("\n"),
      [
        "plan: start web1",
        "   1. make directory /run/effect-lxc/containers (0711)",
        "   2. make directory /run/effect-lxc/containers/web1 (0700)",
        `   3. write /run/effect-lxc/containers/web1/instance.json (0600, ${textOf(directories.record("web1")).length} characters)`,
        "   4. make directory /run/effect-lxc/containers/web1/rootfs (0755)",
        "   5. make directory /var/log/effect-lxc/web1 (0700)",
        `   6. write /run/effect-lxc/containers/web1/config (0600, ${textOf(directories.config("web1")).length} characters)`,
        "   7. attach /srv/web1.img to a loop device: $root",
        "   8. mount $root on /run/effect-lxc/containers/web1/rootfs",
        "   9. start web1, 30000 ms at most",
        "  10. see web1 alive for 500 ms",
        "  11. make directory /var/lib/effect-lxc (0700)",
        `  12. write /var/lib/effect-lxc/web1.json (0600, ${textOf(directories.meantToRun("web1")).length} characters)`,
        "  on failure: what was done is undone, the last first",
        ""
      ].join("\n")
    )
    assert.include(text, "        | lxc.uts.name = web1\n")
  })

  it("says of a stop that it goes on, and of an empty plan that there is nothing to do", () => {
    assert.include(renderText(stop), "on failure: it stops there; the same operation, planned anew, goes on")
    assert.strictEqual(renderText(stopPlan(web1, host())), "plan: stop web1\n  nothing to do\n")
  })

  it("names the halt signal by what it is for, and any other by its name", () => {
    const signal = (name: string) =>
      describeStep({ _tag: "SignalContainer", lxcPath: HostPath.make("/p"), name: web1.name, signal: name, graceMs: 0 })
    assert.strictEqual(signal("halt"), "send the halt signal to the first process of web1")
    assert.strictEqual(signal("SIGTERM"), "send SIGTERM to the first process of web1")
  })

  it("is one line for each step, whatever a guest calls its directories", () => {
    const odd = carriedOut(startPlan(web1, host()), host({ images: { "/srv/web1.img": Guest.obedient({ mounts: ["a\nb\u001b[31m"] }) } }))
    const lines = renderText(stopPlan(web1, odd)).split("\n")
    assert.isTrue(lines.some((line) => line.includes("a\\nb\\u{1b}[31m")))
  })
})

const textOf = (path: string): string => {
  const step = start.steps.find((each) => each._tag === "WriteFile" && each.path === path)
  return step?._tag === "WriteFile" ? step.text : ""
}

describe("every step", () => {
  const steps: ReadonlyArray<Step> = plans.flatMap((plan) => plan.steps)
  const tags = [...new Set(steps.map(({ _tag }) => _tag))]

  it("is in one of these plans", () => {
    assert.sameMembers(tags, Object.keys(Step.cases))
  })

  for (const tag of tags) {
    it(`has words and a command: ${tag}`, () => {
      const step = steps.find(({ _tag }) => _tag === tag) as Step // it is one of these tags
      assert.notStrictEqual(describeStep(step), tag)
      const plan = plans.find((each) => each.steps.includes(step)) ?? start
      const script = renderShell(plan)
      const comment = script.split("\n").findIndex((line) => line.endsWith(`. ${describeStep(step)}`))
      assert.isAbove(comment, 0)
      assert.match(script.split("\n")[comment + 1] ?? "", /\S/)
    })
  }
})

describe("mermaid", () => {
  it("is one chain from begin to done, with what undoes each step of a start", () => {
    const chart = renderMermaid(start)
    assert.isTrue(chart.startsWith('flowchart TD\n  begin(["start web1"])\n'))
    assert.strictEqual(chart, renderMermaid(startPlan(instance(), host())))
    const edges = chart.split("\n").filter((line) => line.includes(" --> "))
    assert.strictEqual(edges.length, start.steps.length + 1)
    assert.include(chart, "on failure")
    assert.notInclude(renderMermaid(stop), "on failure")
  })

  it("escapes what would be its own within a label", () => {
    const odd = carriedOut(startPlan(web1, host()), host({ images: { "/srv/web1.img": Guest.obedient({ mounts: [`a"b<c>#d`] }) } }))
    assert.include(renderMermaid(stopPlan(web1, odd)), "a#34;b#60;c#62;#35;d")
  })
})

describe("sh", () => {
  it.prop("is accepted by sh -n, for starts and stops of every kind", { scenario: Arbitraries.scenario }, ({ scenario }) => {
    const given = Scenario.instanceOf(scenario)
    const state = Scenario.hostOf(scenario)
    const plan = startPlan(given, state)
    for (const each of [plan, stopPlan(given, carriedOut(plan, state), { force: true })]) {
      const checked = sh(renderShell(each), "-n")
      assert.strictEqual(checked.stderr, "")
      assert.strictEqual(checked.status, 0)
    }
  }, { arbitrary: { runs: 20 } })

  it("of an empty plan does nothing, and says so", () => {
    const script = renderShell(stopPlan(web1, host()))
    assert.include(script, "# nothing to do")
    assert.strictEqual(sh(script, "-eu").status, 0)
  })

  it("has each function that it uses, and none that it does not", () => {
    for (const plan of plans) {
      const script = renderShell(plan)
      for (const [, name] of script.matchAll(/^([a-z_]+)\(\) \{/gm)) {
        assert.isAbove([...script.matchAll(new RegExp(`\\b${name}\\b`, "g"))].length, 1, name)
      }
    }
    assert.notInclude(renderShell(start), "kill_container")
  })

  it("quotes every character that a path or a config may hold", () => {
    const nasty = `it's $(touch /tmp/no) \`x\` "y" \\ *`
    const quoted: Step = { _tag: "WriteFile", path: HostPath.make("/tmp/a"), mode: "0600", text: `${nasty}\n`, previous: null }
    const script = renderShell(planOf(start, "start", [quoted]))
    const line = script.split("\n").find((each) => each.startsWith("write_file /")) ?? ""
    const shown = sh(`write_file() { printf '%s' "$3"; }\n${script.slice(script.indexOf(line))}`)
    assert.strictEqual(shown.stdout, `${nasty}\n`)
  })

  it("uses the loop device that losetup gave as a variable", () => {
    const script = renderShell(start)
    assert.include(script, 'root=$(losetup --find --show -- /srv/web1.img)')
    assert.include(script, 'mount -- "$root" /run/effect-lxc/containers/web1/rootfs')
  })

  it("does what a person would do by hand in the order of the plan", () => {
    const comments = renderShell(stop).split("\n").filter((line) => /^# \d+\. /.test(line))
    assert.deepStrictEqual(comments, stop.steps.map((step, index) => `# ${index + 1}. ${describeStep(step)}`))
  })
})
