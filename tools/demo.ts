import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { makeBusyboxImage } from "./busyboxImage.ts"
import { hostDifferences, hostSnapshot } from "./hostSnapshot.ts"
import { realHost } from "./realHost.ts"
import { simulatedDemo } from "./simulatedDemo.ts"

/** The main job, from a spec to a host without a trace of it, as a user would do it, with the command line that is named. */
const name = "demo-web1"
const main = process.argv[2] ?? fileURLToPath(new URL("../packages/cli/src/main.ts", import.meta.url))
const bridge = `eldemo${process.pid % 1_000_000}`
const environment = { ...process.env, NODE_OPTIONS: "--disable-warning=ExperimentalWarning" }

const say = (text: string): void => {
  process.stdout.write(`${text}\n`)
}

const tool = (command: string, ...args: ReadonlyArray<string>): void => {
  const { error, status, stderr } = spawnSync(command, args, { encoding: "utf8", timeout: 20_000 })
  if (error !== undefined || status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr.trim()}`)
}

const spec = (image: string): string => `name: ${name}
disks:
  - path: ${image}
nics:
  - { mode: bridged, link: ${bridge}, mac: "aa:00:00:12:34:56" }
resources: { memory: 64MiB, vcpus: 1 }
lxc: { ttys: 2 }
`

/** Directories of demos whose process is gone: aborted before they could clean up. */
const sweepAborted = (): void => {
  for (const link of readdirSync("/sys/class/net").filter((each) => /^eldemo\d+$/.test(each))) {
    const command = `/proc/${link.slice("eldemo".length)}/cmdline`
    let alive = false
    try {
      alive = readFileSync(command, "utf8").includes("demo.ts")
    } catch {
      // no such process
    }
    if (!alive) tool("ip", "link", "delete", "dev", link)
  }
}

const realDemo = (): void => {
  const directory = mkdtempSync("/var/tmp/effect-lxc-demo-")
  const run = `/run/${directory.slice("/var/tmp/".length)}`
  const state = join(directory, "state")
  const flags = ["--run-dir", run, "--log-dir", join(directory, "log"), "--state-dir", state]
  const file = join(directory, "web1.yaml")
  const image = join(directory, "web1.img")
  const cli = (...args: ReadonlyArray<string>): void => {
    say(`\n$ effect-lxc ${args.join(" ")}`)
    const { signal, status } = spawnSync(process.execPath, [main, ...args, ...flags], { stdio: ["ignore", "inherit", "inherit"], env: environment })
    if (status !== 0) throw new Error(`effect-lxc ${args[0]} ended with ${status ?? signal}`)
  }
  sweepAborted()
  try {
    say(`A busybox root file system in ${image} (ext4, 16 MiB), a bridge ${bridge}, and this spec:\n`)
    makeBusyboxImage(image)
    writeFileSync(file, spec(image))
    tool("ip", "link", "add", bridge, "type", "bridge")
    tool("ip", "link", "set", bridge, "up")
    say(spec(image).trimEnd())
    const before = hostSnapshot(run, state)
    cli("plan", "start", file)
    cli("start", file)
    cli("list")
    cli("info", name)
    cli("stop", name)
    cli("list")
    const left = hostDifferences(before, hostSnapshot(run, state))
    if (left.length > 0) throw new Error(`left behind:\n  ${left.join("\n  ")}`)
    say("\nMounts, loop devices, interfaces, cgroups and files are as before.")
  } finally {
    spawnSync(process.execPath, [main, "stop", name, "--force", "--timeout", "0", ...flags], { stdio: "ignore", env: environment })
    spawnSync("ip", ["link", "delete", "dev", bridge], { stdio: "ignore" })
    rmSync(run, { recursive: true, force: true })
    rmSync(directory, { recursive: true, force: true })
  }
}

// Ctrl-C reaches the command that runs as well: it rolls back, and we go on to clean up.
process.on("SIGINT", () => undefined)
process.on("SIGTERM", () => undefined)

try {
  if (realHost.available) {
    say("On real LXC.")
    realDemo()
  } else {
    say(`On the simulated host, because ${realHost.reason}.`)
    await simulatedDemo(name, say)
  }
} catch (error) {
  process.stderr.write(`the demo failed: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
