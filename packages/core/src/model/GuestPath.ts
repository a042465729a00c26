/**
 * Paths within a guest.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { refuses, satisfies } from "./Field.ts"
import { isPrintable } from "./HostText.ts"
import { utf8Bytes } from "./Utf8.ts"

const maxBytes = 1024

const isName = (name: string): boolean => name !== "" && name !== "." && name !== ".."

const isGuestPath = (path: string): boolean =>
  isPrintable(path) && path.split("/").every(isName) && utf8Bytes(path).length <= maxBytes

/**
 * A place below the root of a guest, written without a leading slash, so that nobody takes it for a path of the host: no
 * `.`, `..` or empty component, no control character, 1024 bytes at most.
 *
 * @since 0.1.0
 * @category schemas
 */
export const GuestPath = Schema.String.check(
  satisfies("a path in the guest without a leading slash, such as srv/data, and without . or .. components", isGuestPath, {
    pattern: "^[^/]"
  }),
  refuses((path) =>
    /^(?:proc|sys|dev)(?:\/|$)/.test(path) ? "is where LXC mounts the guest's own proc, sys and dev; choose another place" : undefined
  )
)
