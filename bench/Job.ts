import { decodeInstance, instanceDocument } from "@effect-lxc/core/model/Instance"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { Result, Schema } from "effect"
import { spawn } from "node:child_process"
import { Lab } from "./Lab.ts"
import type { Fleet, Found } from "./Section.ts"

// Each section is measured by a process of its own, which runs a bundle of it and of the library: as in an application,
// there is nothing in its memory but what it needs. A tool costs Node the more the more memory it has, since it forks.

const Job = Schema.Struct({
  section: Schema.String,
  rounds: Schema.Int,
  /** Where the repository is: a bundle cannot tell. */
  repository: Schema.String,
  /** The lab, and what runs in it; null where nothing has to. */
  fleet: Schema.NullOr(Schema.Struct({ lab: Schema.String, running: Schema.Array(Schema.String) }))
})

/** What one process is told to measure. */
export type Job = typeof Job.Type

const JobText = Schema.fromJsonString(Job)
const encode = Schema.encodeSync(JobText)

export const decodeJob = Schema.decodeUnknownSync(JobText)

export const fleetOf = (lab: Lab, running: Fleet["running"]): Job["fleet"] => ({ lab: lab.id, running: running.map(instanceDocument) })

/** The fleet as the measuring process has it. */
export const openFleet = async (fleet: Job["fleet"]): Promise<Fleet> => {
  if (fleet === null) throw new Error("this section needs containers")
  const lab = new Lab(fleet.lab)
  const running = fleet.running.map((text) => Result.getOrThrow(decodeInstance(JSON.parse(text))))
  return { lab, running, hypervisor: await lab.run(Hypervisor) }
}

/** Measures in a process of its own. */
export const measureIn = (file: string, job: Job, nodeOptions: ReadonlyArray<string> = []): Promise<Found> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...nodeOptions, file], { stdio: ["pipe", "pipe", "inherit"] })
    const parts: Array<Buffer> = []
    child.stdout.on("data", (part: Buffer) => parts.push(part))
    child.on("error", reject)
    child.on("close", (code) => {
      if (code !== 0) return reject(new Error(`measuring ${job.section} ended with ${code}`))
      resolve(JSON.parse(Buffer.concat(parts).toString()) as Found) // what alone.ts has written
    })
    child.stdin.end(encode(job))
  })
