import type { Host } from "@effect-lxc/core/runtime/Host"
import * as NodeHost from "@effect-lxc/node-runtime/NodeHost"
import { SysrqTrigger } from "@effect-lxc/node-runtime/PowerCycle"
import { ToolDirectories } from "@effect-lxc/node-runtime/Tools"
import type { PathSeen, Stage } from "@effect-lxc/test-kit"
import { Effect, Layer } from "effect"
import * as fs from "node:fs"
import { inHaste } from "./HastyClock.ts"
import type { Toolbox } from "./Toolbox.ts"

/** What is at a path of the machine. */
const look = (path: string): PathSeen | undefined => {
  const stats = fs.lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return undefined
  const mode = (stats.mode & 0o7777).toString(8).padStart(4, "0")
  return stats.isDirectory() ? { kind: "directory", mode, text: "" } : { kind: "file", mode, text: fs.readFileSync(path, "utf8") }
}

/** How long a hasty wait takes at most: a tool has to be begun by then on a busy machine too. */
const hasteMs = 700
/** How long a process that was killed may still be seen. */
const dyingMs = 1_000

const living = (toolbox: Toolbox): Effect.Effect<number> =>
  Effect.gen(function*() {
    for (let waited = 0; waited < dyingMs && toolbox.hanging().length > 0; waited += 10) yield* Effect.sleep(10)
    return toolbox.hanging().length
  })

type NodePart = Pick<Stage["Service"], "answer" | "calls" | "hanging" | "look" | "inTime" | "inHaste">

/** The part of a stage that is the same on every host that this process runs on. */
export const nodePart = (toolbox: Toolbox): NodePart => ({
  answer: (tool, answer) => Effect.sync(() => toolbox.answer(tool, answer)),
  calls: Effect.sync(() => toolbox.calls()),
  hanging: living(toolbox),
  look: (path) => Effect.sync(() => look(path)),
  inTime: (body) => body,
  inHaste: (ms, body) => inHaste(Math.max(1, ms / hasteMs), body)
})

/** The real host's layer with the tools of a box, and without a way to restart the machine by itself. */
export const hostWith = (toolbox: Toolbox): Layer.Layer<Host> =>
  NodeHost.layer.pipe(
    Layer.provide([
      Layer.succeed(ToolDirectories, [toolbox.directory]),
      Layer.succeed(SysrqTrigger, `${toolbox.directory}/no/sysrq-trigger`)
    ])
  )
