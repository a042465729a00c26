import { isStillThere, processStat } from "@effect-lxc/node-runtime/Processes"
import { assert, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"

it("a process is still there until it has ended, however often it is asked for, and nobody else is for it", async () => {
  const child = spawn("sleep", ["60"], { stdio: "ignore" })
  const ended = once(child, "exit")
  await once(child, "spawn")
  const process = processStat(child.pid ?? 0)
  assert.isDefined(process)
  const earlier = { ...process, startTime: process.startTime - 1 }
  assert.deepStrictEqual([process, earlier, process, earlier, process].map(isStillThere), [true, false, true, false, true])
  child.kill("SIGKILL")
  await ended
  assert.deepStrictEqual([process, earlier].map(isStillThere), [false, false])
})
