/**
 * Steps that CRIU does by way of LXC.
 *
 * @since 0.1.0
 */
import { criuAdvice } from "@effect-lxc/core/host/HostSurvey"
import * as Commands from "@effect-lxc/core/plan/Commands"
import type { Step } from "@effect-lxc/core/plan/Step"
import { HostError } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import * as path from "node:path"
import { checkLogFile, systemCall } from "./HostFiles.ts"
import { lstat, readText } from "./KernelFiles.ts"
import { requireMounts } from "./Mounts.ts"
import { requireOwnDirectory, requireSafePlace } from "./OwnFiles.ts"
import { commandFailed, runTool, runToolOk, ToolDirectories, toolPath } from "./Tools.ts"

type Case<Tag extends Step["_tag"]> = Extract<Step, { readonly _tag: Tag }>

/** What of CRIU's log goes into an error. */
const mostLines = 8

const errorsIn = (text: string): ReadonlyArray<string> =>
  text.split("\n").filter((line) => /\bError \(/.test(line)).slice(-mostLines)

/** CRIU must know the kernel it runs on: each release fails on kernels that came after it. */
const requireCriu = Effect.fnUntraced(function*(consequence: string) {
  const missing = (found: string) =>
    new HostError({
      problem: { _tag: "Conflict", found, advice: `${criuAdvice}; ${consequence}` }
    })
  if (toolPath("criu", yield* ToolDirectories) === undefined) return yield* missing("CRIU is not installed")
  const checked = yield* runTool(Commands.checkCriu, "tool")
  if (checked.exitCode === 0) return
  const version = /\d+(?:\.\d+)+/.exec((yield* runTool(["criu", "--version"], "tool")).stdout)?.[0] ?? "of an unknown version"
  const [, why = "criu check fails"] = /Error \([^)]*\): (.*(?:vdso|kerndat|feature|kernel).*)/i.exec(checked.stderr) ?? []
  return yield* missing(`CRIU ${version} does not work here: ${why}`)
})

/** LXC keeps quiet; CRIU's own log, among its images, says why. */
const failed = (argv: Commands.Argv, ended: Parameters<typeof commandFailed>[1], log: string) =>
  commandFailed(argv, ended, errorsIn(readText(log) ?? ""))

/**
 * A checkpoint that fails leaves no image and the container running.
 *
 * @since 0.1.0
 * @category steps
 */
export const checkpoint = Effect.fn("ContainerSteps.checkpoint")(function*(step: Case<"Checkpoint">) {
  yield* requireCriu(`${step.name} goes on running`)
  yield* checkLogFile(step.logFile)
  const argv = Commands.checkpoint(step)
  const ended = yield* runTool(argv, step.timeoutMs)
  if (ended.exitCode === 0) return
  const error = failed(argv, ended, path.join(step.directory, "dump.log"))
  // What is left all the same is undone with the plan, or told as its residue: it must not hide why the dump failed.
  yield* Effect.ignore(runToolOk(Commands.removeTree({ path: step.directory }), "disk"))
  return yield* error
})

/**
 * Fails where somebody else could have written what CRIU would obey as root: processes, and all that they have.
 *
 * @since 0.1.0
 * @category checks
 */
export const checkImages = (directory: string) =>
  systemCall("lstat", directory, () => {
    requireSafePlace(directory)
    const stats = lstat(directory)
    if (stats !== undefined) requireOwnDirectory(directory, stats)
  })

/**
 * The restored monitor keeps what it was given as standard output: its exit is waited for, not the end of that.
 *
 * @since 0.1.0
 * @category steps
 */
export const restore = Effect.fn("ContainerSteps.restore")(function*(step: Case<"Restore">) {
  yield* checkImages(step.directory)
  yield* requireCriu("the checkpoint stays")
  yield* checkLogFile(step.logFile)
  yield* requireMounts(step.mounts)
  const argv = Commands.restore(step)
  const ended = yield* runTool(argv, step.timeoutMs)
  if (ended.exitCode !== 0) return yield* failed(argv, ended, path.join(step.directory, "restore.log"))
})
