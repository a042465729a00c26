/**
 * The command line as a function, for programs that show it or test it.
 *
 * @since 0.1.0
 */
export { Hypervisors, type MakeHypervisor, realHypervisor } from "./Hypervisors.ts"
export { Output, OutputLost, type Terminal } from "./Output.ts"
export { run } from "./Program.ts"
