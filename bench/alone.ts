import { readFileSync } from "node:fs"
import { decodeJob, openFleet } from "./Job.ts"
import { sectionNamed } from "./sections/index.ts"

// Measures one section: the job comes by standard input, what was found goes to standard output.

const job = decodeJob(readFileSync(0, "utf8"))
const section = await sectionNamed(job.section)
const found = section.needs === "nothing" ? await section.measure(job) : await section.measure(await openFleet(job.fleet), job)
process.stdout.write(JSON.stringify(found), () => process.exit(0))
