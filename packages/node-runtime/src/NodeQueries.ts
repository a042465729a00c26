/**
 * Questions to this host, for programs that ask and go: neither planners nor tools are loaded for them.
 *
 * @since 0.1.0
 */
import type { Directories } from "@effect-lxc/core/host/Directories"
import { makeQueries, type Queries } from "@effect-lxc/core/runtime/Queries"
import { observation } from "./Observation.ts"

/**
 * Answers as the hypervisor of this host does.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (directories: Directories): Queries => makeQueries(observation(), directories)
