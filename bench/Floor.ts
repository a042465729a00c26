import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import type { Contender } from "./Measure.ts"
import type { Fleet, Given } from "./Section.ts"

const compiler = ["/usr/bin/cc", "/usr/bin/gcc", "/usr/bin/clang"].find((path) => existsSync(path))

/** Each is read on the layout that has it: for the state, and for what `lxc-info` shows. */
const files: ReadonlyArray<readonly [tree: string, file: string]> = [
  ["freezer", "freezer.state"],
  ["memory", "memory.usage_in_bytes"],
  ["cpuacct", "cpuacct.usage"],
  ["blkio", "blkio.throttle.io_service_bytes_recursive"],
  ...["cgroup.events", "cgroup.freeze", "memory.current", "cpu.stat", "io.stat"].map((file) => ["", file] as const)
]

const cgroupFiles = (name: string): ReadonlyArray<string> =>
  files.map(([tree, file]) => [join("/sys/fs/cgroup", tree), file] as const)
    .filter(([tree, file]) => existsSync(`${tree}/lxc.payload.${name}/${file}`))
    .map(([tree, file]) => `${tree}/${file}`)

/** A C program that reads the same files the same way; undefined where there is no compiler. */
export const floorOf = ({ lab, running }: Fleet, { repository }: Given, what: "names" | "info"): Contender | undefined => {
  if (compiler === undefined) return undefined
  const program = `${lab.files}/floor`
  execFileSync(compiler, ["-O2", "-Wall", "-o", program, join(repository, "bench/floor.c")], { stdio: "inherit", timeout: 30_000 })
  const args = what === "info" ? cgroupFiles(running[0]?.name ?? "") : []
  return () => {
    const output = execFileSync(program, [what, lab.lxcPath, "3", ...args], { encoding: "utf8", timeout: 30_000 })
    const rounds = output.trim().split("\n").map(Number)
    return Promise.resolve((rounds.at(-1) ?? Number.NaN) / 1_000) // the last one: the first two warm up
  }
}

export const noCompiler = "no C floor: there is no C compiler on this machine"
