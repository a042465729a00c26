import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Locks } from "@effect-lxc/core/runtime/Locks"
import * as NodeLocks from "@effect-lxc/node-runtime/NodeLocks"
import { Effect } from "effect"
import * as fs from "node:fs"

// Takes the lock of web1 again and again, and writes into a file that it has it. Who finds the pid of another living process
// there says so: two have had it at once.

const [, , run = "", witness = ""] = process.argv
const directories = new Directories({ run: HostPath.make(run), log: HostPath.make(`${run}/log`), state: HostPath.make(`${run}/state`) })

/** Who is killed lets go of the lock with its files, and is seen dead only after that. */
const lives = (pid: number): boolean => {
  try {
    return fs.readdirSync(`/proc/${pid}/fd`).length > 0
  } catch {
    return false
  }
}

const turn = Effect.gen(function*() {
  yield* (yield* Locks).acquire(directories, "web1", "start", 60_000)
  const other = fs.existsSync(witness) ? Number(fs.readFileSync(witness, "utf8")) : 0
  fs.writeFileSync(witness, String(process.pid))
  yield* Effect.sleep(Math.random() * 4)
  const still = Number(fs.readFileSync(witness, "utf8"))
  fs.writeSync(1, other !== 0 && lives(other) ? `${process.pid} has it beside ${other}\n` : still === process.pid ? "had\n" : `${still} has it beside ${process.pid}\n`)
  fs.rmSync(witness, { force: true })
}).pipe(Effect.scoped)

await Effect.runPromise(Effect.provide(Effect.forever(turn), NodeLocks.layer))
