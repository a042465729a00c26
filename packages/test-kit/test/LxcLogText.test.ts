import { SimulatedHost } from "@effect-lxc/test-kit"
import { appendLog, errorLine, logOfRun, stderrOf } from "@effect-lxc/test-kit/LxcLogText"
import { assert, describe, it } from "@effect/vitest"

const at = Date.UTC(2026, 10, 3, 4, 5, 6, 7)
const bare = { ...SimulatedHost.state(), files: {}, now: at }
const file = "/log/web1.log"
const started = { level: "NOTICE", source: "start.c:post_start:2205", text: "Started" } as const

describe("LXC's log", () => {
  it("has a line for each message: tool, name, time, level, file, place and text; a missing log begins empty", () => {
    const once = appendLog(bare, file, "web1", [errorLine("start.c:start:2197", "Failed"), started])
    const lines = [
      "lxc-start web1 20261103040506.007 ERROR    start - ../src/lxc/start.c:start:2197 - Failed\n",
      "lxc-start web1 20261103040506.007 NOTICE   start - ../src/lxc/start.c:post_start:2205 - Started\n"
    ]
    assert.deepStrictEqual(once.files[file], { kind: "file", mode: "0640", text: lines.join("") })
    assert.strictEqual(appendLog(once, file, "web1", [started]).files[file]?.text, [...lines, lines[1]].join(""))
  })

  it("names each place as it is in LXC's sources, on stderr without time and level", () => {
    const of = (...sources: ReadonlyArray<string>) => stderrOf("lxc-start", "web1", sources.map((source) => errorLine(source, "why")))
    assert.strictEqual(of("start.c:start:1", "lxc_start.c:main:2"), [
      "lxc-start: web1: ../src/lxc/start.c: start: 1 why\n",
      "lxc-start: web1: ../src/lxc/tools/lxc_start.c: main: 2 why\n"
    ].join(""))
    assert.include(of("lxc_stop.c:main:3"), "../src/lxc/tools/lxc_stop.c: main: 3 ")
    assert.include(of("cgfsng.c:f:4"), "../src/lxc/cgroups/cgfsng.c: f: 4 ")
  })

  it("of a run is what came after its mark; all of it where there is no mark, nothing where there is no log", () => {
    const files = { [file]: { kind: "file", mode: "0640", text: "before after" } } as const
    assert.strictEqual(logOfRun({ ...bare, files, logMarks: { [file]: 7 } }, file), "after")
    assert.strictEqual(logOfRun({ ...bare, files, logMarks: {} }, file), "before after")
    assert.strictEqual(logOfRun({ ...bare, logMarks: {} }, file), "")
  })
})
