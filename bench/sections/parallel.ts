import { Effect } from "effect"
import { alternately, timed } from "../Measure.ts"
import { atLeast, row, type Section } from "../Section.ts"
import { program, script } from "../Tools.ts"

const count = 50

export const parallel: Section = {
  name: "parallel",
  needs: "fleet",
  measure: async ({ hypervisor, lab }) => {
    const instances = Array.from({ length: count }, (_, at) => lab.instance(`p${at}`))
    const all = <A, E>(each: (instance: (typeof instances)[number]) => Effect.Effect<A, E>) =>
      Effect.runPromise(Effect.forEach(instances, each, { concurrency: 8, discard: true }))
    const kill = () => all(({ name }) => hypervisor.kill(name))
    const names = instances.map(({ name }) => `${name}\n`).join("")
    /** What ours has mounted is there, and what lxc-start alone takes is measured: its containers are killed, not stopped. */
    const raw = async (): Promise<number> => {
      await all((instance) => hypervisor.start(instance))
      await program("xargs", ["-P", "8", "-I", "{}", "lxc-stop", "-k", "-n", "{}", "-P", lab.lxcPath], names)
      const time = await timed(() => program("xargs", ["-P", "8", "-I", "{}", "lxc-start", "-d", "-n", "{}", "-P", lab.lxcPath], names))()
      await kill()
      return time
    }
    const ours = async (): Promise<number> => {
      const time = await timed(() => all((instance) => hypervisor.start(instance)))()
      await kill()
      return time
    }
    const found = await alternately(3, { ours, raw })
    await script("sync\n")
    return {
      rows: [
        row(`${count} starts, 8 at a time, disks attached and mounted`, found.ours),
        row(`${count} x lxc-start by xargs -P 8, roots mounted already`, found.raw)
      ],
      goals: [atLeast("parallel: at least 70 % of the rate of lxc-start by xargs", 100 * found.raw.median / found.ours.median, 70, " %")]
    }
  }
}
