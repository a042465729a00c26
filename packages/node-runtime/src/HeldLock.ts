/**
 * The lock under which the host is being changed.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"

/**
 * The open claim to the lock. The tools that a step runs inherit it: when the process that holds the lock is killed, a tool that
 * is still at work holds it on, so that nobody plans against a host that is still being changed.
 *
 * @since 0.1.0
 * @category references
 */
export const HeldLock = Context.Reference<number | undefined>("@effect-lxc/node-runtime/HeldLock", {
  defaultValue: () => undefined
})
