import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

setFlagsFromString("--expose-gc")

/** Collects garbage, of which `minor` is only what was made lately. */
export const collect = runInNewContext("gc") as (options?: { readonly type: "minor" }) => void // what the flag above puts there
