/**
 * The name of an instance.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { satisfies } from "./Field.ts"

const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
const hostName = new RegExp(`^${label}(?:\\.${label})*$`)

const isSpelledSo = (name: string): boolean => name.length <= 64 && hostName.test(name)

/**
 * A host name: labels of 1 to 63 lower-case letters, digits and inner hyphens, joined by dots (RFC 1123), 64 bytes at
 * most. It becomes the guest's host name (uname(2) holds 64 bytes), a path segment and part of cgroup names on the host.
 *
 * @since 0.1.0
 * @category schemas
 */
export const InstanceName = Schema.String.check(
  satisfies(
    "a host name: lower-case letters, digits, hyphens inside and dots between, 64 bytes at most",
    isSpelledSo,
    { pattern: hostName.source }
  )
).pipe(Schema.brand("InstanceName"))

/**
 * @since 0.1.0
 * @category models
 */
export type InstanceName = typeof InstanceName.Type

/**
 * Whether a text is an {@link InstanceName}.
 *
 * @since 0.1.0
 * @category guards
 */
export const isInstanceName = (name: string): name is InstanceName => isSpelledSo(name)
