/**
 * The operations that change a host.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * What a plan does.
 *
 * @since 0.1.0
 * @category models
 */
export const Operation = Schema.Literals([
  "start",
  "stop",
  "kill",
  "cleanup",
  "recover",
  "freeze",
  "thaw",
  "reboot",
  "resize",
  "powercycle",
  "export",
  "import",
  "checkpoint",
  "restore"
])

/**
 * @since 0.1.0
 * @category models
 */
export type Operation = typeof Operation.Type
