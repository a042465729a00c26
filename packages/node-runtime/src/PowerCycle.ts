/**
 * Restarting the host itself.
 *
 * @since 0.1.0
 */
import * as Commands from "@effect-lxc/core/plan/Commands"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { systemCall } from "./HostFiles.ts"
import { runToolOk } from "./Tools.ts"

/**
 * Where the kernel takes requests. Another value is for tests, which must not restart the machine they run on.
 *
 * @since 0.1.0
 * @category references
 */
export const SysrqTrigger = Context.Reference<string>("@effect-lxc/node-runtime/SysrqTrigger", {
  defaultValue: () => "/proc/sysrq-trigger"
})

/**
 * Asks the kernel, else reboot(8): neither syncs disks nor ends processes, which is what a host that hangs needs.
 *
 * @since 0.1.0
 * @category steps
 */
export const powerCycle = Effect.flatMap(SysrqTrigger, (trigger) =>
  systemCall("write", trigger, () => fs.writeFileSync(trigger, "b"))).pipe(
    Effect.catchTag("HostError", () => Effect.asVoid(runToolOk(Commands.reboot, "tool")))
  )
