import { join } from "node:path"
import { rolldown } from "rolldown"

/** Bundles what measures into a directory, each section apart, and gives the file to run. */
export const bundle = async (directory: string): Promise<string> => {
  const build = await rolldown({
    input: join(import.meta.dirname, "alone.ts"),
    platform: "node",
    treeshake: { moduleSideEffects: "no-external" }
  })
  await build.write({ dir: directory, format: "esm", minify: true, entryFileNames: "alone.mjs", chunkFileNames: "[name].mjs" })
  return join(directory, "alone.mjs")
}
