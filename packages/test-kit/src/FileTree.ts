/**
 * Files and directories of a simulated host.
 *
 * @since 0.1.0
 */
import { isBelow } from "@effect-lxc/core/model/HostPath"
import type { FileNode, SimulatedState } from "./SimulatedState.ts"

/**
 * @since 0.1.0
 * @category queries
 */
export const parentOf = (path: string): string => path.slice(0, path.lastIndexOf("/")) || "/"

/**
 * @since 0.1.0
 * @category queries
 */
export const nodeAt = (state: SimulatedState, path: string): FileNode | undefined => state.files[path]

/**
 * The path without symbolic links, where the last component is one.
 *
 * @since 0.1.0
 * @category queries
 */
export const realPath = (state: SimulatedState, path: string): string => state.links[path] ?? path

/**
 * Names in a directory, sorted.
 *
 * @since 0.1.0
 * @category queries
 */
export const namesIn = (state: SimulatedState, directory: string): ReadonlyArray<string> => {
  const prefix = directory === "/" ? "/" : `${directory}/`
  return Object.keys(state.files)
    .filter((path) => path.startsWith(prefix) && path !== "/" && !path.includes("/", prefix.length))
    .map((path) => path.slice(prefix.length))
    .sort()
}

/**
 * @since 0.1.0
 * @category queries
 */
export const isFull = (state: SimulatedState, path: string): boolean =>
  state.full.some((directory) => path === directory || isBelow(directory, path))

const put = (state: SimulatedState, path: string, node: FileNode): SimulatedState => ({
  ...state,
  files: { ...state.files, [path]: node }
})

/**
 * Makes a directory and the missing ones above it. What is there already stays as it is.
 *
 * @since 0.1.0
 * @category transitions
 */
export const makeDirectories = (state: SimulatedState, path: string, mode = "0755"): SimulatedState => {
  if (nodeAt(state, path) !== undefined) return state
  const above = path === "/" ? state : makeDirectories(state, parentOf(path), mode)
  return put(above, path, { kind: "directory", mode, text: "" })
}

/**
 * Puts a file, and the directories above it.
 *
 * @since 0.1.0
 * @category transitions
 */
export const write = (state: SimulatedState, path: string, mode: string, text: string): SimulatedState =>
  put(makeDirectories(state, parentOf(path)), path, { kind: "file", mode, text })

/**
 * Takes a file or an empty directory away, where one is there.
 *
 * @since 0.1.0
 * @category transitions
 */
export const remove = (state: SimulatedState, path: string): SimulatedState => {
  if (nodeAt(state, path) === undefined) return state
  const { [path]: _, ...files } = state.files
  return { ...state, files }
}
