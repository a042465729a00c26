/**
 * What must be in force once a container runs.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { PlainText } from "../model/HostText.ts"

/**
 * The text that `file` of the container's cgroup must hold in the hierarchy of `controller`, without the newline. LXC
 * ignores limits in silence under some circumstances, so a start reads them back.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ExpectedLimit = Schema.Struct({ controller: PlainText, file: PlainText, value: PlainText })

/**
 * @since 0.1.0
 * @category models
 */
export type ExpectedLimit = typeof ExpectedLimit.Type
