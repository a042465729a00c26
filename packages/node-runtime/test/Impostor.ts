import { type ChildProcess, spawn } from "node:child_process"
import * as fs from "node:fs"

/** A user of the host; nobody has this number. */
export const another = 12_345

/**
 * Node as a user, under a title of theirs; its program is what is written to it. It is run by an open file: what is checked
 * out where only root may look is out of that user's reach.
 */
export const nodeOf = (uid: number, title: string): ChildProcess => {
  const node = fs.openSync(process.execPath, "r")
  try {
    return spawn("/proc/self/fd/3", [], { argv0: title, uid, cwd: "/", stdio: ["pipe", "pipe", "inherit", node] })
  } finally {
    fs.closeSync(node)
  }
}
