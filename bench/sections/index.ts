import type { Section } from "../Section.ts"
import { cli } from "./cli.ts"
import { facts } from "./facts.ts"
import { info } from "./info.ts"
import { lives } from "./lives.ts"
import { lock } from "./lock.ts"
import { memory, memoryOfLives } from "./memory.ts"
import { names } from "./names.ts"
import { overhead } from "./overhead.ts"
import { parallel } from "./parallel.ts"
import { planning } from "./planning.ts"
import { startStop } from "./startStop.ts"

export const sections: ReadonlyArray<Section> =
  [planning, lives, memoryOfLives, names, info, facts, lock, overhead, cli, startStop, parallel, memory]
