/**
 * The real Linux host for `@effect-lxc/core`.
 *
 * @since 0.1.0
 */
export * as NodeHost from "./NodeHost.ts"
export * as NodeHypervisor from "./NodeHypervisor.ts"
export * as NodeJournal from "./NodeJournal.ts"
export * as NodeLocks from "./NodeLocks.ts"
export * as NodeSessions from "./NodeSessions.ts"
