/**
 * What an invariant of stories is.
 *
 * @since 0.1.0
 */
import { dataPath, diskPath } from "../../Scenario.ts"
import type { Belongings } from "../Belonging.ts"
import type { HostChange } from "../HostChanges.ts"
import type { Story } from "../Story.ts"

/**
 * @since 0.1.0
 * @category models
 */
export interface Invariant {
  readonly name: string
  /** What is broken in a story; empty where it holds. */
  readonly check: (story: Story) => ReadonlyArray<string>
}

/**
 * @since 0.1.0
 * @category queries
 */
export const belongingsOf = ({ subject }: Story, name: string): Belongings =>
  name === subject.scenario.name
    ? { name, disks: [diskPath[subject.scenario.disk], dataPath], interfaces: ["eth0", "eth1", "eth2"] }
    : { name, disks: [], interfaces: [] }

/**
 * @since 0.1.0
 * @category rendering
 */
export const show = ({ line, sign }: Pick<HostChange, "line" | "sign">): string => `${sign} ${line}`
