import type { Instance } from "@effect-lxc/core/model/Instance"
import { renderShell } from "@effect-lxc/core/plan/RenderShell"
import { Effect } from "effect"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import type { Contender } from "../Measure.ts"
import { alternately, timed } from "../Measure.ts"
import { atMost, type Fleet, type Found, row, type Section } from "../Section.ts"
import { attached, lxc, program, script } from "../Tools.ts"

const ours = ({ hypervisor }: Fleet, instance: Instance): Contender =>
  timed(() => Effect.runPromise(Effect.andThen(hypervisor.start(instance), hypervisor.kill(instance.name))))

/** The same plans as scripts; making them takes no part of the time. */
const rendered = ({ hypervisor }: Fleet, instance: Instance): Contender => async () => {
  const start = renderShell(await Effect.runPromise(hypervisor.plan.start(instance)))
  const starting = await timed(() => script(start))()
  const kill = renderShell(await Effect.runPromise(hypervisor.plan.kill(instance.name)))
  return starting + await timed(() => script(kill))()
}

interface ByHand {
  readonly image: string
  readonly root: string
  readonly lxcPath: string
  readonly name: string
}

/** The config that a start of ours writes, for another place. */
const prepare = async ({ hypervisor, lab }: Fleet, instance: Instance, short: string): Promise<ByHand> => {
  const name = `${lab.id}-${short}`
  const lxcPath = `${lab.directories.run}/${short}`
  const root = `${lxcPath}/${name}/rootfs`
  mkdirSync(root, { recursive: true })
  const { steps } = await Effect.runPromise(hypervisor.plan.start(instance))
  const config = steps.flatMap((step) => step._tag === "WriteFile" && step.path.endsWith("/config") ? [step.text] : [])
  const text = config.join("").replaceAll(lab.directories.container(instance.name), `${lxcPath}/${name}`).replaceAll(instance.name, name)
  writeFileSync(`${lxcPath}/${name}/config`, text)
  return { image: lab.image(short), root, lxcPath, name }
}

const attach = ({ image, root }: ByHand): string => `device=$(losetup --find --show ${image})\nmount $device ${root}\n`
const start = ({ lxcPath, name }: ByHand): string => `lxc-start -d -n ${name} -P ${lxcPath}\n`
const stop = ({ lxcPath, name }: ByHand): string => `lxc-stop -k -n ${name} -P ${lxcPath}\n`
const detach = ({ root }: ByHand): string => `umount ${root}\nlosetup -d $device\n`

/** Until nothing of it is at work any more: a monitor that took part in a pair of interfaces waits for the kernel to take that away. */
const startToBeAwaited = ({ lxcPath, name }: ByHand): string => `lxc-start -d -n ${name} -P ${lxcPath} -p ${lxcPath}/${name}/pid\nread monitor <${lxcPath}/${name}/pid || :\n`
/** One that is dead and not waited for has no program any more. */
const end = `while [ -e /proc/$monitor/exe ]; do sleep 0.002; done\n`

/** The tools of the script, one after the other from this process. */
const fromNode = ({ image, lxcPath, name, root }: ByHand): Contender => timed(async () => {
  const device = await attached(image)
  await program("mount", [device, root])
  await lxc("lxc-start", "-d", "-n", name, "-P", lxcPath)
  await lxc("lxc-stop", "-k", "-n", name, "-P", lxcPath)
  await program("umount", [root])
  await program("losetup", ["-d", device])
})

/** What lxc-start and lxc-stop take of it, the root being mounted already. */
const bare = (place: ByHand): Contender => async () => {
  const device = `device=$(losetup --noheadings --output NAME --associated ${place.image})\n`
  await script(attach(place))
  const starting = await timed(() => lxc("lxc-start", "-d", "-n", place.name, "-P", place.lxcPath))()
  const stopping = await timed(() => lxc("lxc-stop", "-k", "-n", place.name, "-P", place.lxcPath))()
  await script(`${device}${detach(place)}`)
  return starting + stopping
}

const withNics = async (fleet: Fleet, nics: 0 | 1, rounds: number): Promise<Found> => {
  const { lab } = fleet
  const which = nics === 1 ? "one nic" : "no nic"
  const instance = lab.instance(`life${nics}`, nics)
  const place = await prepare(fleet, instance, `hand${nics}`)
  const found = await alternately(rounds, {
    ours: ours(fleet, instance),
    rendered: rendered(fleet, instance),
    byHand: timed(() => script(`${attach(place)}${start(place)}${stop(place)}${detach(place)}`)),
    awaited: timed(() => script(`${attach(place)}${startToBeAwaited(place)}${stop(place)}${detach(place)}${end}`)),
    fromNode: fromNode(place),
    bare: bare(place)
  })
  rmSync(`${place.lxcPath}/${place.name}/config`)
  const faster = Math.min(found.rendered.median, found.byHand.median)
  const most = nics === 1 ? 1.1 : 1.5
  return {
    rows: [
      row(`start and forced stop, ${which}`, found.ours),
      row(`the same plans by sh, ${which}`, found.rendered),
      row(`a script by hand, ${which}`, found.byHand),
      row(`a script by hand, until its monitor has ended, ${which}`, found.awaited),
      row(`the six tools of that script from this process, ${which}`, found.fromNode),
      row(`lxc-start -d and lxc-stop -k alone, ${which}`, found.bare)
    ],
    goals: [atMost(`start and stop, ${which}: at most ${most}x the faster script`, found.ours.median / faster, most)]
  }
}

/** What six tools cost to be run, whatever they do: from this process, and from a shell. */
const forks = async (): Promise<Found["rows"]> => {
  const found = await alternately(15, {
    node: timed(async () => {
      for (let each = 0; each < 6; each++) await program("/usr/bin/true", [])
    }),
    dash: timed(() => script("/usr/bin/true\n".repeat(6)))
  })
  const mebibytes = Math.round(process.memoryUsage.rss() / 2 ** 20)
  return [row(`6 x true, from this process of ${mebibytes} MiB`, found.node), row("6 x true, from sh", found.dash)]
}

export const startStop: Section = {
  name: "start-stop",
  needs: "fleet",
  measure: async (fleet) => {
    const one = await withNics(fleet, 1, 15)
    const none = await withNics(fleet, 0, 15)
    return { rows: [...one.rows, ...none.rows, ...await forks()], goals: [...one.goals, ...none.goals] }
  }
}
