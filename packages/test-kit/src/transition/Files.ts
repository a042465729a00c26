/**
 * Steps on files and directories.
 *
 * @since 0.1.0
 */
import { scaffolding } from "@effect-lxc/core/lxc/Scaffolding"
import { isFull, makeDirectories, namesIn, nodeAt, parentOf, remove, write } from "../FileTree.ts"
import { topMount } from "../MountOps.ts"
import { callFailed, type Case, conflict, done, failed, type Outcome } from "../Outcome.ts"
import type { SimulatedState } from "../SimulatedState.ts"
import type { Seen } from "./Seen.ts"

/**
 * @since 0.1.0
 * @category observations
 */
export const observeMakeDirectory = (state: SimulatedState, step: Case<"MakeDirectory">): Seen => {
  const node = nodeAt(state, step.path)
  if (node === undefined) return { done: false }
  if (node.kind !== "directory") {
    return conflict(`${step.path} is not a directory`, "look what it is, and remove it by hand")
  }
  return (Number.parseInt(node.mode, 8) & 0o022) === 0
    ? { done: true }
    : conflict(
      `${step.path} belongs to uid 0 with mode ${node.mode.replace(/^0/, "")}`,
      "it must belong to the user who runs this, and be writable by nobody else"
    )
}

/** The nearest thing above a path that is there. */
const nearest = (state: SimulatedState, path: string): string =>
  nodeAt(state, path) === undefined ? nearest(state, parentOf(path)) : path

/**
 * mkdir(2), and of what is missing above.
 *
 * @since 0.1.0
 * @category transitions
 */
export const makeDirectory = (state: SimulatedState, step: Case<"MakeDirectory">): Outcome => {
  const there = nearest(state, step.path)
  if (nodeAt(state, there)?.kind === "file") {
    return failed(state, callFailed("mkdir", step.path, there === step.path ? "EEXIST" : "ENOTDIR"))
  }
  if (there !== step.path && isFull(state, step.path)) return failed(state, callFailed("mkdir", step.path, "ENOSPC"))
  return done(makeDirectories(state, step.path, step.mode))
}

/**
 * @since 0.1.0
 * @category observations
 */
export const observeRemoveDirectory = (state: SimulatedState, step: Case<"RemoveDirectory">): Seen => {
  if (nodeAt(state, step.path) === undefined) return { done: true }
  const made = step.root === undefined ? [] : scaffoldIn(state, step.path)
  const isFull = namesIn(state, step.path).some((name) => !made.includes(`${step.path}/${name}`))
  return { done: step.root === "stays" ? made.length === 0 : step.ifEmpty && isFull }
}

/** Where LXC made something in a root that is bare. */
const scaffoldIn = (state: SimulatedState, root: string): ReadonlyArray<string> =>
  topMount(state, root) !== undefined ? [] : scaffolding.map((name) => `${root}/${name}`)
    .filter((at) => nodeAt(state, at)?.kind === "directory" && namesIn(state, at).length === 0)

/**
 * rmdir(2): never of what is not empty, nor of a mount point.
 *
 * @since 0.1.0
 * @category transitions
 */
export const removeDirectory = (state: SimulatedState, step: Case<"RemoveDirectory">): Outcome => {
  const node = nodeAt(state, step.path)
  const refuse = (code: string): Outcome => failed(state, callFailed("rmdir", step.path, code))
  if (node === undefined) return done(state)
  if (node.kind !== "directory") return refuse("ENOTDIR")
  if (topMount(state, step.path) !== undefined) return step.root === "stays" ? done(state) : refuse("EBUSY")
  const cleared = step.root === undefined ? state : scaffoldIn(state, step.path).reduce(remove, state)
  if (step.root === "stays") return done(cleared)
  if (namesIn(cleared, step.path).length > 0) return step.ifEmpty ? done(cleared) : failed(cleared, callFailed("rmdir", step.path, "ENOTEMPTY"))
  return done(remove(cleared, step.path))
}

/**
 * @since 0.1.0
 * @category observations
 */
export const observeWriteFile = (state: SimulatedState, step: Case<"WriteFile">): Seen => {
  const node = nodeAt(state, step.path)
  const isSame = node?.kind === "file" && node.text === step.text
  return node !== undefined && !isSame && step.kept === true
    ? conflict(`${step.path} holds another text`, "it is somebody else's, or was left by one that failed: use it, or move it away")
    : { done: isSame && node.mode === step.mode }
}

/**
 * Written beside, renamed: all of it or nothing.
 *
 * @since 0.1.0
 * @category transitions
 */
export const writeFile = (state: SimulatedState, step: Case<"WriteFile">): Outcome => {
  const refuse = (code: string): Outcome => failed(state, callFailed("write", step.path, code))
  const above = nodeAt(state, parentOf(step.path))
  if (above === undefined) return refuse("ENOENT")
  if (above.kind !== "directory") return refuse("ENOTDIR")
  if (nodeAt(state, step.path)?.kind === "directory") return refuse("EISDIR")
  if (isFull(state, step.path)) return refuse("ENOSPC")
  return done(write(state, step.path, step.mode, step.text))
}

/**
 * @since 0.1.0
 * @category observations
 */
export const observeRemoveFile = (state: SimulatedState, step: Case<"RemoveFile">): Seen => ({
  done: nodeAt(state, step.path) === undefined && nodeAt(state, besideOf(step.path)) === undefined
})

/** Where an interrupted write leaves what it had written. */
const besideOf = (path: string): string => `${path}.new`

/**
 * unlink(2): never of a directory.
 *
 * @since 0.1.0
 * @category transitions
 */
export const removeFile = (state: SimulatedState, step: Case<"RemoveFile">): Outcome =>
  nodeAt(state, step.path)?.kind === "directory"
    ? failed(state, callFailed("unlink", step.path, "EISDIR"))
    : done([step.path, besideOf(step.path)].reduce((before, path) => remove(before, path), state))
