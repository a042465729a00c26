import type { Section } from "../Section.ts"

/** Each is loaded where it is wanted: a process that measures one has nothing of the others in its memory. */
const sections: ReadonlyArray<readonly [name: string, load: () => Promise<Section>]> = [
  ["planning", async () => (await import("./planning.ts")).planning],
  ["lives", async () => (await import("./lives.ts")).lives],
  ["memory-of-lives", async () => (await import("./memory.ts")).memoryOfLives],
  ["names", async () => (await import("./names.ts")).names],
  ["info", async () => (await import("./info.ts")).info],
  ["facts", async () => (await import("./facts.ts")).facts],
  ["lock", async () => (await import("./lock.ts")).lock],
  ["overhead", async () => (await import("./overhead.ts")).overhead],
  ["cli", async () => (await import("./cli.ts")).cli],
  ["start-stop", async () => (await import("./startStop.ts")).startStop],
  ["parallel", async () => (await import("./parallel.ts")).parallel],
  ["memory", async () => (await import("./memory.ts")).memory]
]

export const sectionNames = sections.map(([name]) => name)

export const sectionNamed = (name: string): Promise<Section> => {
  const [, load] = sections.find(([each]) => each === name) ?? []
  if (load === undefined) throw new Error(`there is no section ${name}`)
  return load()
}
