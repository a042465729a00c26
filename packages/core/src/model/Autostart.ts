/**
 * When an instance is started among others.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { defaultsTo, satisfies } from "./Field.ts"
import { InstanceName } from "./InstanceName.ts"

const expected = "a whole number from -1000 to 1000"

const Priority = Schema.Number.check(
  satisfies(expected, (value: number) => Number.isInteger(value) && value >= -1_000 && value <= 1_000)
)

const After = Schema.Array(InstanceName).check(Schema.makeFilter((names: ReadonlyArray<string>) => {
  const seen = new Set<string>()
  return names.flatMap((name, i) => seen.size === seen.add(name).size ? [{ path: [i], issue: `${name} is named twice` }] : [])
}))

/**
 * Of instances that may be started now, the one with the higher `priority` is (0 by default); among equals the names
 * decide. It is started only after every one that `after` names was. Stopping goes the other way round.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Autostart = Schema.Struct({ priority: defaultsTo(Priority, 0), after: defaultsTo(After, []) })

/**
 * @since 0.1.0
 * @category models
 */
export type Autostart = typeof Autostart.Type
