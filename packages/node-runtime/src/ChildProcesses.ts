/**
 * What is the same for all child processes.
 *
 * @since 0.1.0
 */
import { HostError } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import type { ChildProcess } from "node:child_process"

/** What a process may print before we stop keeping it. */
const outputLimit = 64 * 1024

/**
 * What a process printed, from its beginning, as much of it as an error can show.
 *
 * @since 0.1.0
 * @category models
 */
export class Printed {
  private readonly parts: Array<Buffer> = []
  private size = 0

  keep(part: Buffer): void {
    if (this.size < outputLimit) this.parts.push(part)
    this.size += part.length
  }

  get text(): string {
    return Buffer.concat(this.parts).toString("utf8")
  }
}

/**
 * SIGKILL to the process group of a child, which is its own; gives whether there was any of it left.
 *
 * @since 0.1.0
 * @category ending
 */
export const killGroup = ({ pid }: ChildProcess): boolean => {
  try {
    return pid !== undefined && process.kill(-pid, "SIGKILL")
  } catch {
    return false
  }
}

/** A process that waits for a disk is gone only when the disk answers. */
const goneMs = 1_000

/**
 * Kills a child that is given up, with its process group, and waits for a second at most until it has ended, or until nobody has
 * its pipes open any more.
 *
 * @since 0.1.0
 * @category ending
 */
export const killed = (child: ChildProcess, over: "exit" | "close"): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    child.once(over, () => resume(Effect.void))
    if (!killGroup(child)) resume(Effect.void)
  }).pipe(Effect.timeoutOption(goneMs), Effect.asVoid)

/**
 * @since 0.1.0
 * @category errors
 */
export const notSpawned = (path: string, code: string, advice: string): HostError =>
  new HostError({ problem: { _tag: "SystemCallFailed", call: "spawn", path, code, advice } })

/**
 * @since 0.1.0
 * @category errors
 */
export const notInstalled = (tool: string): HostError =>
  new HostError({
    problem: { _tag: "Conflict", found: `${tool} is not installed`, advice: "install the package that has it" }
  })
