import { Guest, emptyHost, SimulatedHost, TestHypervisor, Diff } from "@effect-lxc/test-kit"
import { run } from "effect-lxc/Program"
import * as NodeOutput from "effect-lxc/NodeOutput"
import { Effect, Layer } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Directories } from "@effect-lxc/core/host/Directories"
import { HostPath } from "@effect-lxc/core/model/HostPath"

const image = "/srv/images/web1.img"

const spec = (name: string): string => `name: ${name}
disks:
  - path: ${image}
nics:
  - { mode: bridged, link: br0, mac: "aa:00:00:12:34:56" }
resources: { memory: 64MiB, vcpus: 1 }
lxc: { ttys: 2 }
`

/** The same story as on a real host, on one that lives in the memory of this process. */
export const simulatedDemo = async (name: string, say: (text: string) => void): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), "effect-lxc-demo-"))
  const file = join(directory, "web1.yaml")
  const directories = new Directories({
    run: HostPath.make("/run/effect-lxc"),
    log: HostPath.make("/var/log/effect-lxc"),
    state: HostPath.make("/var/lib/effect-lxc")
  })
  const story = Effect.gen(function*() {
    const services = yield* Effect.context<TestHypervisor.TestServices>()
    const host = yield* SimulatedHost
    const cli = (...args: ReadonlyArray<string>) =>
      Effect.gen(function*() {
        say(`\n$ effect-lxc ${args.join(" ")}`)
        const code = yield* run(args, () => Layer.succeedContext(services))
        if (code !== 0) throw new Error(`effect-lxc ${args[0]} ended with ${code}`)
      })
    say(`An image ${image}, a bridge br0, and this spec:\n`)
    say(spec(name).trimEnd())
    const before = yield* host.state
    yield* cli("plan", "start", file)
    yield* cli("start", file)
    yield* cli("list")
    yield* cli("info", name)
    yield* cli("stop", name)
    yield* cli("list")
    const left = Diff.traces(before, yield* host.state, directories)
    if (left !== "") throw new Error(`left behind:\n${left}`)
    say("\nMounts, loop devices, interfaces, cgroups and files are as before.")
  })
  try {
    writeFileSync(file, spec(name))
    const host = TestHypervisor.layer({
      directories,
      host: emptyHost({ images: { [image]: Guest.obedient() }, bridges: ["br0"] })
    })
    await Effect.runPromise(Effect.provide(story, Layer.mergeAll(host, NodeOutput.layer)))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
