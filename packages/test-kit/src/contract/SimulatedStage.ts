/**
 * The stage of a simulated host.
 *
 * @since 0.1.0
 */
import { defaultDirectories } from "@effect-lxc/core/host/Directories"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import type { Host } from "@effect-lxc/core/runtime/Host"
import type { Sessions } from "@effect-lxc/core/runtime/Sessions"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import { nodeAt } from "../FileTree.ts"
import * as Guests from "../Guest.ts"
import { befall } from "../Happening.ts"
import { emptyHost, type HostOptions } from "../HostBuilder.ts"
import { putDirectory } from "../Incidents.ts"
import { SimulatedHost } from "../SimulatedHost.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import { runToEnd } from "../TestKit.ts"
import { Stage, type StageGuest } from "./Stage.ts"

const ends = (exitCode: number): Guests.GuestProgram => ({ exitCode, stdout: "", stderr: "", takesMs: 0 })

/** An init that is a script of the shell, which exits, and some programs beside it. */
const script = (changes: Partial<Guests.Guest> = {}): Guests.Guest =>
  Guests.obedient({
    haltAfterMs: 50,
    powersOff: null,
    onInterrupt: { does: "exit", afterMs: 5 },
    commands: { "/bin/true": ends(0), "/bin/sh -c exit 42": ends(42), "/bin/sh -c kill -TERM $$": ends(143) },
    ...changes
  })

const guests: Readonly<Record<StageGuest, Guests.Guest>> = {
  obedient: script(),
  slow: script({ handlersAfterMs: 700 }),
  deaf: Guests.deaf(),
  rebootable: script({ onInterrupt: { does: "reboot", afterMs: 50 } }),
  exitsAtOnce: Guests.dying(0, 3),
  exitsSoon: Guests.dying(200, 7),
  missing: Guests.withoutInit(),
  notExecutable: Guests.notExecutable(),
  badInterpreter: script({ init: "without-interpreter" })
}

const scratch = "/srv/stage"
const name = InstanceName.make("stage-web1")
const imageOf = (guest: StageGuest): string => `/srv/images/${guest}.img`

const isOfStage = (path: string): boolean => path.startsWith(`${scratch}/`) || path.includes(name)

const inventoryOf = (state: SimulatedState): ReadonlyArray<string> => [
  ...state.mounts.map((mount) => `mount ${mount.source} ${mount.target} ${mount.fsType}`),
  ...state.loops.map((loop) => `loop ${loop.device} ${loop.backingFile}`),
  ...state.interfaces.map((each) => `interface ${each.name}`),
  ...state.trees.flatMap((tree) =>
    Object.keys(tree.groups).filter((group) => group !== "lxc.pivot" && !group.includes("/")).map((group) => `cgroup ${tree.mountPoint}/${group}`)
  ),
  ...Object.keys(state.files).filter(isOfStage).map((path) => `file ${path}`)
].sort()

/**
 * What a simulated host cannot show.
 *
 * @since 0.1.0
 * @category constants
 */
export const lacks: Stage["Service"]["lacks"] = {
  calls: "a simulated host runs no tools",
  reboot: "a simulated host restarts without a tool"
}

const make = Effect.gen(function*() {
  const host = yield* SimulatedHost
  // Moved so that waits of milliseconds and of half a minute both end soon.
  const inTime = <A, E, R>(body: Effect.Effect<A, E, R>) => runToEnd(body, { step: "1 second", steps: 3_600 })
  return Stage.of({
    lacks,
    directories: defaultDirectories,
    name,
    scratch,
    bridge: "br0",
    image: (guest) => Effect.succeed(imageOf(guest)),
    befall: (happening) => host.update(befall(happening)),
    answer: (tool, answer) => host.update((state) => ({ ...state, answers: { ...state.answers, [tool]: answer } })),
    calls: Effect.succeed([]),
    hanging: Effect.succeed(0),
    look: (path) => Effect.map(host.state, (state) => nodeAt(state, path)),
    inventory: Effect.map(host.state, inventoryOf),
    inTime,
    inHaste: (_, body) => body
  })
})

/**
 * A simulated host with its stage, and a clock of its own. By default an empty Debian with LXC 5.0.2.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: HostOptions = {}): Layer.Layer<Host | Sessions | Stage> => {
  const images = Object.fromEntries(Object.entries(guests).map(([guest, behaviour]) => [imageOf(guest as StageGuest), behaviour])) // its own keys
  const state = putDirectory(scratch)(emptyHost({ bridges: ["br0"], ...options, images: { ...options.images, ...images } }))
  return Layer.effect(Stage, make).pipe(
    Layer.provideMerge(SimulatedHost.layer({ host: state })),
    Layer.provideMerge(TestClock.layer())
  )
}
