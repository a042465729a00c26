/**
 * Restarting the host itself.
 *
 * @since 0.1.0
 */
import * as Commands from "@effect-lxc/core/plan/Commands"
import * as Effect from "effect/Effect"
import * as fs from "node:fs"
import { systemCall } from "./HostFiles.ts"
import { runToolOk } from "./Tools.ts"

const sysrq = "/proc/sysrq-trigger"

/**
 * Asks the kernel, else reboot(8): neither syncs disks nor ends processes, which is what a host that hangs needs.
 *
 * @since 0.1.0
 * @category steps
 */
export const powerCycle = systemCall("write", sysrq, () => fs.writeFileSync(sysrq, "b")).pipe(
  Effect.catchTag("HostError", () => Effect.asVoid(runToolOk(Commands.reboot, 10_000)))
)
