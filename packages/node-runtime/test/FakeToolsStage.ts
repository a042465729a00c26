import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"
import { InstanceName } from "@effect-lxc/core/model/InstanceName"
import type { Host } from "@effect-lxc/core/runtime/Host"
import { Stage, ToolAnswer } from "@effect-lxc/test-kit"
import type { Happening } from "@effect-lxc/test-kit/Happening"
import { Effect, Layer } from "effect"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { hostWith, nodePart } from "./NodeStage.ts"
import { Toolbox } from "./Toolbox.ts"

/** What the real host's layer cannot show where its tools only answer. */
export const lacks: Stage["Service"]["lacks"] = {
  devices: "a tool that only answers attaches and mounts nothing",
  containers: "a tool that only answers starts nothing",
  interfaces: "a tool that only answers makes no interface",
  cgroups: "cgroups need root",
  "full disk": "a file system of its own needs root",
  tools: "a tool that only answers packs and removes nothing",
  stdin: "standard input is that of the test's own process",
  criu: "a tool that only answers dumps nothing",
  boot: "this machine is not restarted"
}

const befall = (happening: Happening): void => {
  switch (happening._tag) {
    case "PutFile":
      fs.writeFileSync(happening.path, happening.text)
      return fs.chmodSync(happening.path, 0o644)
    case "PutDirectory":
      fs.mkdirSync(happening.path, { recursive: true })
      return fs.chmodSync(happening.path, 0o755)
    case "RemovePath":
      return fs.rmSync(happening.path)
    default:
      throw new Error(`${happening._tag} cannot be brought about without root`)
  }
}

const filesBelow = (directory: string): ReadonlyArray<string> =>
  fs.readdirSync(directory, { recursive: true, encoding: "utf8" }).map((path) => `file ${join(directory, path)}`).toSorted()

const make = Effect.gen(function*() {
  const directory = yield* Effect.acquireRelease(
    Effect.sync(() => fs.mkdtempSync(join(tmpdir(), "effect-lxc-fake-"))),
    (path) => Effect.sync(() => fs.rmSync(path, { recursive: true, force: true }))
  )
  const toolbox = yield* Effect.acquireRelease(
    Effect.sync(() => new Toolbox(directory, [])),
    (box) => Effect.sync(() => box.close())
  )
  const scratch = join(directory, "scratch")
  fs.mkdirSync(scratch)
  fs.chmodSync(scratch, 0o755)
  const below = (name: string): HostPath => HostPath.make(join(directory, name))
  const stage = Stage.of({
    ...nodePart(toolbox),
    lacks,
    directories: new Directories({ run: below("run"), log: below("log"), state: below("state") }),
    name: InstanceName.make(`fake${process.pid}`),
    scratch,
    bridge: "",
    image: (guest) =>
      Effect.sync(() => {
        const path = join(directory, `${guest}.img`)
        fs.writeFileSync(path, "")
        return path
      }),
    befall: (happening) => Effect.sync(() => befall(happening)),
    inventory: Effect.sync(() => filesBelow(scratch))
  })
  toolbox.answer("lxc-start", ToolAnswer.exits(0, "", "5.0.2\n"))
  return { stage, toolbox }
})

/** The real host's layer over tools that only answer: needs no root, and changes nothing but files of its own. */
export const layer: Layer.Layer<Host | Stage> = Layer.unwrap(
  Effect.map(make, ({ stage, toolbox }) => Layer.merge(Layer.succeed(Stage, stage), hostWith(toolbox)))
)
