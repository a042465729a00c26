/**
 * A simulated Linux host with LXC for deterministic tests.
 *
 * @since 0.1.0
 */
export * as Arbitraries from "./Arbitraries.ts"
export * as Contract from "./contract/Contract.ts"
export { type CaseKind, ContractBroken, type ContractCase } from "./contract/ContractCase.ts"
export * as SimulatedStage from "./contract/SimulatedStage.ts"
export { type Ability, type PathSeen, Stage, type StageGuest, type ToolCall } from "./contract/Stage.ts"
export * as Diff from "./Diff.ts"
export * as Facts from "./Facts.ts"
export * as Faults from "./Faults.ts"
export * as Guest from "./Guest.ts"
export * as Happening from "./Happening.ts"
export { emptyHost, type HostOptions, withForeign } from "./HostBuilder.ts"
export * as Incidents from "./Incidents.ts"
export { MemoryJournal } from "./MemoryJournal.ts"
export { MemoryLocks } from "./MemoryLocks.ts"
export type { Call, Outcome } from "./Outcome.ts"
export { type Recorded, recordingHost } from "./Recording.ts"
export * as Request from "./Request.ts"
export * as Scenario from "./Scenario.ts"
export { SimulatedHost, type SimulatedHostOptions } from "./SimulatedHost.ts"
export { SimulatedState, SimulatedStateFromJson } from "./SimulatedState.ts"
export * as TestHypervisor from "./TestHypervisor.ts"
export * as TestKit from "./TestKit.ts"
export * as ToolAnswer from "./ToolAnswer.ts"
export * as Transition from "./Transition.ts"
