/**
 * The run directory, by the one path under which the kernel and LXC tell of what is in it.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { HostError } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { systemCall } from "./HostFiles.ts"
import { lstat } from "./KernelFiles.ts"
import { noDirectory } from "./OwnFiles.ts"

/** The path, or what is there of the way to it. */
const standing = (at: string): string => at === "/" || lstat(at) !== undefined ? at : standing(path.dirname(at))

/** Of what is not there yet, where it would be made. */
const realPathOf = (at: string): string => {
  const there = standing(at)
  const real = fs.realpathSync.native(there)
  if (!fs.statSync(real).isDirectory()) throw noDirectory(there)
  return path.join(real, at.slice(there.length))
}

/**
 * Fails where the run directory is named by way of a symbolic link: mounts and command sockets have real paths, so that by
 * another what runs would be taken for dead, and what is mounted would not be found again; and where it is no directory. Asked
 * before anything is made there.
 *
 * @since 0.1.0
 * @category checks
 */
export const requireRealPath = ({ run }: Directories): Effect.Effect<void, HostError> =>
  Effect.flatMap(systemCall("realpath", run, () => realPathOf(run)), (real) =>
    real === run ? Effect.void : Effect.fail(
      new HostError({
        problem: {
          _tag: "Conflict",
          found: `the real path of ${run} is ${real}`,
          advice: "name that, for by another what is mounted there would not be found again"
        }
      })
    ))
