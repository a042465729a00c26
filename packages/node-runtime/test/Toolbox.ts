import type { ToolCall } from "@effect-lxc/test-kit"
import type { ToolAnswer } from "@effect-lxc/test-kit/ToolAnswer"
import * as fs from "node:fs"
import { join } from "node:path"
import { processStat } from "@effect-lxc/node-runtime/Processes"
import { toolPath } from "@effect-lxc/node-runtime/Tools"

/** Between the parts of what a fake tool notes down, and between its calls. */
const separators = { part: "\n--\n", call: "\n==\n" } as const

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

const ending = (answer: ToolAnswer, hanging: string): ReadonlyArray<string> => {
  switch (answer._tag) {
    case "Exits":
      return [`printf %s ${quoted(answer.stdout)}`, `printf %s ${quoted(answer.stderr)} >&2`, `exit ${answer.exitCode}`]
    case "Hangs":
      return ["/bin/sleep 1000 &", `echo $$ $! >> ${quoted(hanging)}`, "wait"]
    case "Missing":
      return []
  }
}

/**
 * A directory of tools in the place of the host's own: links to those, and scripts of sh(1) that note down how they were
 * called and answer as they are told.
 */
export class Toolbox {
  readonly directory: string
  private readonly callsFile: string
  private readonly hangingFile: string

  /** In a directory, which is made; with links to those of `tools` that are installed. */
  constructor(directory: string, tools: ReadonlyArray<string>) {
    this.directory = join(directory, "tools")
    this.callsFile = join(directory, "calls")
    this.hangingFile = join(directory, "hanging")
    fs.mkdirSync(this.directory, { recursive: true })
    for (const tool of tools) {
      const path = toolPath(tool)
      if (path !== undefined) fs.symlinkSync(path, join(this.directory, tool))
    }
  }

  answer(tool: string, answer: ToolAnswer): void {
    const path = join(this.directory, tool)
    fs.rmSync(path, { force: true })
    if (answer._tag === "Missing") return
    const note = `printf '%s\\0' ${quoted(tool)} "$@"; printf %s ${quoted(separators.part)}; /bin/cat /proc/$$/environ; printf %s ${quoted(separators.call)}`
    fs.writeFileSync(path, ["#!/bin/sh", `{ ${note}; } >> ${quoted(this.callsFile)}`, ...ending(answer, this.hangingFile), ""].join("\n"), { mode: 0o755 })
  }

  calls(): ReadonlyArray<ToolCall> {
    if (!fs.existsSync(this.callsFile)) return []
    const words = (part: string): ReadonlyArray<string> => part.split("\0").slice(0, -1)
    return fs.readFileSync(this.callsFile, "utf8").split(separators.call).slice(0, -1).map((call) => {
      const [argv = "", environment = ""] = call.split(separators.part)
      return { argv: words(argv), environment: words(environment).toSorted() }
    })
  }

  /** Pids of tools that hang, and of what they started. */
  hanging(): ReadonlyArray<number> {
    if (!fs.existsSync(this.hangingFile)) return []
    return fs.readFileSync(this.hangingFile, "utf8").split(/\s+/).filter((word) => word !== "").map(Number)
      .filter((pid) => !["Z", "X", undefined].includes(processStat(pid)?.state))
  }

  close(): void {
    for (const pid of this.hanging()) process.kill(pid, "SIGKILL")
  }
}
