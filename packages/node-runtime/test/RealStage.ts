import type { Host } from "@effect-lxc/core/runtime/Host"
import { Stage, type StageGuest } from "@effect-lxc/test-kit"
import type { Happening } from "@effect-lxc/test-kit/Happening"
import { Effect, Layer } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { join } from "node:path"
import type { Init } from "../../../tools/busyboxImage.ts"
import { hostSnapshot } from "../../../tools/hostSnapshot.ts"
import { errnoOf } from "@effect-lxc/node-runtime/KernelFiles"
import { mountTable } from "@effect-lxc/node-runtime/Mounts"
import { hostWith, nodePart } from "./NodeStage.ts"
import { RealHappenings } from "./RealHappenings.ts"
import type { RealLab } from "./RealLab.ts"
import { Toolbox } from "./Toolbox.ts"

/** What this machine cannot show. */
export const lacks: Stage["Service"]["lacks"] = {
  stdin: "standard input is that of the test's own process",
  criu: "no CRIU here knows the kernel",
  boot: "this machine is not restarted",
  reboot: "this machine is not restarted"
}

/** What a real host needs; reboot(8) is never among it. */
const tools = [
  "lxc-start", "lxc-stop", "lxc-freeze", "lxc-unfreeze", "lxc-checkpoint", "criu", "mount", "umount", "losetup", "ip", "tar",
  "rm", "sync", "newuidmap", "newgidmap"
]

const guests: Readonly<Record<StageGuest, Init>> = {
  obedient: "obedient",
  slow: "slow",
  deaf: "deaf",
  rebootable: "rebootable",
  exitsAtOnce: "exitsAtOnce",
  exitsSoon: "exitsSoon",
  missing: "missing",
  notExecutable: "notExecutable",
  badInterpreter: "badInterpreter"
}

/** Until nothing more can be written to what is mounted there. */
const fillMounted = (directory: string): void => {
  try {
    for (;;) fs.appendFileSync(join(directory, "filling"), Buffer.alloc(65_536))
  } catch (error) {
    if (errnoOf(error) !== "ENOSPC") throw error
  }
}

/** A small tmpfs with what was in the directory, and no room for anything else. */
const fillDisk = (directory: string): void => {
  if (mountTable().some(({ target }) => target === directory)) return fillMounted(directory)
  const files = fs.existsSync(directory)
    ? fs.readdirSync(directory).map((name) => [join(directory, name), fs.readFileSync(join(directory, name))] as const)
    : []
  fs.mkdirSync(directory, { recursive: true })
  execFileSync("mount", ["-t", "tmpfs", "-o", `mode=755,size=${4_096 * (files.length + 1)},nr_inodes=${files.length + 2}`, "tmpfs", directory])
  for (const [path, bytes] of files) fs.writeFileSync(path, bytes)
  fs.writeFileSync(join(directory, "filling"), Buffer.alloc(4_096))
}

const make = (lab: RealLab, number: number) =>
  Effect.gen(function*() {
    const happenings = new RealHappenings(lab.directories, lab.bridge)
    yield* Effect.addFinalizer(() => Effect.andThen(happenings.over, Effect.sync(() => lab.clear())))
    const scratch = join(lab.files, `case${number}`)
    fs.mkdirSync(scratch, { recursive: true })
    fs.chmodSync(scratch, 0o755)
    const toolbox = yield* Effect.acquireRelease(
      Effect.sync(() => new Toolbox(join(lab.files, `box${number}`), tools)),
      (box) => Effect.sync(() => box.close())
    )
    const befall = (happening: Happening): Effect.Effect<void> =>
      happening._tag === "FillDisk" ? Effect.sync(() => fillDisk(happening.directory)) : happenings.befall(happening)
    const stage = Stage.of({
      ...nodePart(toolbox),
      lacks,
      directories: lab.directories,
      name: lab.name(`case${number}`),
      scratch,
      bridge: lab.bridge,
      image: (guest) => Effect.sync(() => lab.image(guests[guest])),
      befall,
      inventory: Effect.sync(() => hostSnapshot(scratch).map((line) => line.replace(/^loop (?=loop)/, "loop /dev/")))
    })
    return Layer.merge(Layer.succeed(Stage, stage), hostWith(toolbox))
  })

/** The real host in a lab, which is open; after each case nothing of it is left. */
export const layerIn = (lab: RealLab): Layer.Layer<Host | Stage> => {
  let cases = 0
  return Layer.unwrap(Effect.suspend(() => {
    cases += 1
    return make(lab, cases)
  }))
}
