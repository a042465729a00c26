import { isAlive } from "@effect-lxc/core/host/ProcessStat"
import type { ContainerFacts } from "@effect-lxc/core/host/HostFacts"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import { vethPrefix } from "@effect-lxc/core/model/VethName"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { isPopulated, trackingTree } from "@effect-lxc/node-runtime/CgroupTree"
import { currentTrees } from "@effect-lxc/node-runtime/Mounts"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { receivableSignals } from "@effect-lxc/node-runtime/Processes"
import type { OpenSides, Side } from "@effect-lxc/test-kit/Differential"
import type { images, Setting } from "@effect-lxc/test-kit/differential/Setting"
import { answerLine, look } from "@effect-lxc/test-kit/differential/Sight"
import { hostLike, simulatedSide } from "@effect-lxc/test-kit/differential/SimulatedSide"
import { Happening } from "@effect-lxc/test-kit/Happening"
import { ask } from "@effect-lxc/test-kit/Request"
import { Effect, Layer, Schema } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { cpus } from "node:os"
import { type Init, layOutBusyboxRoot } from "../../../tools/busyboxImage.ts"
import { containersIn, RealHappenings, until } from "./RealHappenings.ts"
import { labId, RealLab } from "./RealLab.ts"

const isHappening = Schema.is(Happening)

/** What the guests of a setting are really. */
const inits: Readonly<Record<keyof typeof images, Init | "blank">> = {
  "obedient.img": "told",
  "deaf.img": "stubborn",
  "dying.img": "exitsAtOnce",
  "missing.img": "missing",
  "blank.img": "blank",
  "data.img": "missing",
  root: "told"
}

/** Whether a container's state lasts: no process of LXC's is still at work on it, and its init hears what it is told. */
const isQuiet = (each: ContainerFacts): boolean => {
  if (each.monitor?.state === "T") return true
  if (!each.socket) {
    const monitors = `${trackingTree(currentTrees())?.mountPoint ?? ""}/lxc.monitor.${each.name}`
    return (!each.populated || each.freezer === "frozen") && !isAlive(each.monitor) && !isPopulated(monitors)
  }
  return isAlive(each.init) && (each.freezer === "frozen" || (receivableSignals(each.init.pid) ?? 0n) !== 0n)
}

/** A network namespace ends some time after its last process: whether only interfaces are left whose other end is here. */
const areNetworksOver = ({ bridge }: Setting, containers: ReadonlyArray<ContainerFacts>): boolean => {
  const interfaces = fs.readdirSync("/sys/class/net")
  const dead = containers.filter(({ init }) => !isAlive(init)).map(({ name }) => vethPrefix(name))
  const theirs = interfaces.filter((each) => dead.some((prefix) => each.startsWith(prefix)))
  return theirs.length <= interfaces.filter((each) => each.startsWith(bridge) && each !== bridge).length
}

const realSide = Effect.fnUntraced(function*(setting: Setting) {
  const { directories } = setting
  const services = yield* Layer.build(layer({ directories, lockWaitMs: 2_000 }))
  const happenings = new RealHappenings(directories, setting.bridge)
  yield* Effect.addFinalizer(() =>
    Effect.andThen(
      happenings.over,
      Effect.forEach(containersIn(directories), ({ name }) =>
        Effect.provideContext(ask({ _tag: "Kill", name: InstanceName.make(name) }), services))
    ))
  const line = answerLine(setting)
  const isOver = (): boolean => {
    const containers = containersIn(directories)
    return happenings.haveEnded(containers) && containers.every(isQuiet) && areNetworksOver(setting, containers)
  }
  const quiet = until(isOver, 2_000)
  const take: Side["take"] = (move) =>
    Effect.gen(function*() {
      const answer = isHappening(move)
        ? yield* Effect.as(happenings.befall(move), null)
        : line(yield* Effect.provideContext(ask(move), services))
      yield* quiet
      return answer
    })
  return { take, look: (deep) => Effect.provideContext(Effect.orDie(look(setting, deep)), services) } satisfies Side
})

let labs = 0

/** Images are made once: they are copied, with their holes, for each pair of sides. */
const templates = (lab: RealLab): string => {
  const directory = `${lab.files}/templates`
  if (fs.existsSync(directory)) return directory
  fs.mkdirSync(directory, { recursive: true })
  for (const [name, init] of Object.entries(inits)) {
    if (init === "blank") fs.writeFileSync(`${directory}/${name}`, Buffer.alloc(1024 * 1024))
    else if (name.endsWith(".img")) fs.copyFileSync(lab.image(init), `${directory}/${name}`)
    else layOutBusyboxRoot(`${directory}/${name}`, init)
  }
  return directory
}

/** Pairs of sides on this machine, each in a lab of its own that is swept when it is over. `first` has the images. */
export const openSides = (first: RealLab): OpenSides =>
  Effect.gen(function*() {
    labs += 1
    const lab = new RealLab(labId(labs))
    yield* Effect.acquireRelease(Effect.sync(() => lab.open()), () => Effect.sync(() => lab.close()))
    execFileSync("cp", ["-a", "--sparse=always", `${templates(first)}/.`, lab.files])
    fs.mkdirSync(`${lab.files}/shared`)
    const { bridge, directories, files, id } = lab
    const setting: Setting = { prefix: id, directories, files: HostPath.make(files), bridge }
    const facts = yield* Effect.orDie(Effect.flatMap(Hypervisor, (hypervisor) => hypervisor.facts())).pipe(
      Effect.provide(layer({ directories }))
    )
    const simulated = yield* simulatedSide(setting, hostLike(facts, cpus().length, setting))
    return { setting, simulated, real: yield* realSide(setting) }
  })
