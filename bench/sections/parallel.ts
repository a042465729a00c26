import { Effect } from "effect"
import { alternately, timed } from "../Measure.ts"
import { atLeast, row, type Section } from "../Section.ts"
import { attached, program, script } from "../Tools.ts"

const count = 50

/** Of so many is measured how many at a time take how long. */
const few = 24
const bounds = [1, 2, 4, 8, 16] as const

/** All that a start needs beside its config, by hand: what the tools take of it, forked from a shell. */
const byHand = (lxcPath: string): string => `
device=$(losetup --find --show "$2")
mkdir -p ${lxcPath}/$1/rootfs
mount $device ${lxcPath}/$1/rootfs
lxc-start -d -n $1 -P ${lxcPath}
`

export const parallel: Section = {
  name: "parallel",
  needs: "fleet",
  measure: async ({ hypervisor, lab }) => {
    const instances = Array.from({ length: count }, (_, at) => lab.instance(`p${at}`))
    const all = <A, E>(
      each: (instance: (typeof instances)[number]) => Effect.Effect<A, E>,
      { concurrency = 8, some = instances }: { readonly concurrency?: number; readonly some?: typeof instances } = {}
    ) => Effect.runPromise(Effect.forEach(some, each, { concurrency, discard: true }))
    const kill = () => all(({ name }) => hypervisor.kill(name))
    const names = instances.map(({ name }) => `${name}\n`).join("")
    const images = instances.map(({ disks, name }) => `${name} ${disks[0]?.path ?? ""}\n`).join("")
    const stopAll = () => program("xargs", ["-P", "8", "-I", "{}", "lxc-stop", "-k", "-n", "{}", "-P", lab.lxcPath], names)
    /** What ours has mounted is there: its containers are killed, not stopped. */
    const onMounted = (body: () => Promise<unknown>) => async (): Promise<number> => {
      await all((instance) => hypervisor.start(instance))
      await stopAll()
      const time = await timed(body)()
      await kill()
      return time
    }
    const raw = onMounted(() => program("xargs", ["-P", "8", "-I", "{}", "lxc-start", "-d", "-n", "{}", "-P", lab.lxcPath], names))
    const mounted = onMounted(() => all((instance) => hypervisor.start(instance)))
    /** The same work as ours, with the configs that ours wrote. */
    const scripts = async (): Promise<number> => {
      await all((instance) => hypervisor.start(instance))
      await stopAll()
      await script(instances.map(({ name }) => `umount -d ${lab.directories.rootfs(name)}\n`).join(""))
      const time = await timed(() => program("xargs", ["-P", "8", "-n", "2", "sh", "-euc", byHand(lab.lxcPath), "sh"], images))()
      await kill()
      return time
    }
    const rawFromNode = onMounted(() => all(({ name }) => Effect.promise(() => program("lxc-start", ["-d", "-n", name, "-P", lab.lxcPath]))))
    /** The same work from this process, and nothing else. */
    const fromNode = async (): Promise<number> => {
      await all((instance) => hypervisor.start(instance))
      await stopAll()
      await script(instances.map(({ name }) => `umount -d ${lab.directories.rootfs(name)}\n`).join(""))
      const one = async ({ disks, name }: (typeof instances)[number]): Promise<void> => {
        const device = await attached(disks[0]?.path ?? "")
        await program("mount", [device, lab.directories.rootfs(name)])
        await program("lxc-start", ["-d", "-n", name, "-P", lab.lxcPath])
      }
      const time = await timed(() => all((instance) => Effect.promise(() => one(instance))))()
      await kill()
      return time
    }
    const ours = async (): Promise<number> => {
      const time = await timed(() => all((instance) => hypervisor.start(instance)))()
      await kill()
      return time
    }
    const bounded = (concurrency: number) => async (): Promise<number> => {
      const time = await timed(() => all((instance) => hypervisor.start(instance), { concurrency, some: instances.slice(0, few) }))()
      await kill()
      return time
    }
    const found = await alternately(5, { ours, mounted, raw, rawFromNode, scripts, fromNode })
    const chosen = await alternately(3, Object.fromEntries(bounds.map((bound) => [String(bound), bounded(bound)])))
    await script("sync\n")
    return {
      rows: [
        row(`${count} starts, 8 at a time, disks attached and mounted`, found.ours),
        row(`${count} starts, 8 at a time, roots mounted already`, found.mounted),
        row(`${count} x losetup, mount and lxc-start in sh by xargs -P 8`, found.scripts),
        row(`${count} x losetup, mount and lxc-start from this process, 8 at a time`, found.fromNode),
        row(`${count} x lxc-start by xargs -P 8, roots mounted already`, found.raw),
        row(`${count} x lxc-start from this process, 8 at a time, roots mounted already`, found.rawFromNode),
        ...Object.entries(chosen).map(([bound, spread]) => row(`${few} starts, ${bound} at a time`, spread))
      ],
      goals: [
        atLeast("parallel: at least 70 % of the rate of lxc-start by xargs", 100 * found.raw.median / found.ours.median, 70, " %"),
        atLeast("parallel: the same, roots mounted already for both", 100 * found.raw.median / found.mounted.median, 70, " %"),
        atLeast("parallel: the same, disks to attach and mount for both", 100 * found.scripts.median / found.ours.median, 70, " %")
      ]
    }
  }
}
