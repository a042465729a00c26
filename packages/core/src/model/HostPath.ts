/**
 * Absolute paths on the host.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { satisfies } from "./Field.ts"
import { escape, isPrintable } from "./HostText.ts"
import { utf8Bytes } from "./Utf8.ts"

const maxBytes = 4095

/** Bytes that one unit of a text takes at most in UTF-8. */
const bytesOfUnit = 3

/** A slash before each component, of which none is empty, `.` or `..`. */
const componentsOf = /^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+$/

/** What nearly every path is: ASCII, and no component begins with a dot. Told in one look. */
const plainPath = /^(?:\/[ --0-~][ -.0-~]*)+$/

const isShort = (path: string): boolean => path.length * bytesOfUnit <= maxBytes || utf8Bytes(path).length <= maxBytes

/**
 * Whether a text is a {@link HostPath}.
 *
 * @since 0.1.0
 * @category guards
 */
export const isHostPath = (path: string): boolean =>
  (plainPath.test(path) || isPrintable(path) && (path === "/" || componentsOf.test(path))) && isShort(path)

/**
 * An absolute path that means what it says: no `.`, `..` or empty component, no slash at the end, no control character,
 * 4095 bytes at most (PATH_MAX of Linux counts the NUL).
 *
 * @since 0.1.0
 * @category schemas
 */
export const HostPath = Schema.String.check(
  satisfies("an absolute path without . or .. components, doubled or trailing slashes, or control characters", isHostPath, {
    pattern: "^/"
  })
).pipe(Schema.brand("HostPath"))

/**
 * A path that was observed and can stand in a plan: text that a {@link HostPath} can be made of.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ObservedPath = Schema.String.check(
  Schema.isPattern(/^(?:\/|(?:\/[ -.0-~\u00a0-\uffff]+)+)$/), // also from it one can be generated
  satisfies("an absolute path without . or .. components or control characters", isHostPath)
)

/**
 * Whether a path that was observed can stand in a plan.
 *
 * @since 0.1.0
 * @category guards
 */
export const isObservedPath = Schema.is(ObservedPath)

/**
 * @since 0.1.0
 * @category models
 */
export type HostPath = typeof HostPath.Type

/**
 * A path that is made of parts that were checked. Throws a RangeError, a fault of the caller, where it is no host path.
 *
 * @since 0.1.0
 * @category constructors
 */
export const hostPath = (path: string): HostPath => {
  if (isHostPath(path)) {
    return path as HostPath // the brand says just what was checked
  }
  throw new RangeError(`"${escape(path)}" is no host path`)
}

/**
 * True when `path` lies below `root`, by whole components: /run/web10 is not below /run/web1, and no path is below itself.
 *
 * @since 0.1.0
 * @category guards
 */
export const isBelow = (root: string, path: string): boolean =>
  path !== root && path.startsWith(root === "/" ? "/" : `${root}/`)

/**
 * The path with components appended. Throws a RangeError, a fault of the caller, where a name is empty, `.`, `..`, has
 * a control character or makes the path too long.
 *
 * @since 0.1.0
 * @category combinators
 */
export const join = (path: HostPath, ...names: ReadonlyArray<string>): HostPath =>
  names.length === 0 ? path : hostPath(`${path === "/" ? "" : path}/${names.join("/")}`)

/**
 * The directory that holds `path`; `/` holds itself.
 *
 * @since 0.1.0
 * @category accessors
 */
export const parent = (path: HostPath): HostPath => hostPath(path.slice(0, path.lastIndexOf("/")) || "/")

/**
 * The last component of `path`; empty for `/`.
 *
 * @since 0.1.0
 * @category accessors
 */
export const base = (path: HostPath): string => path.slice(path.lastIndexOf("/") + 1)
