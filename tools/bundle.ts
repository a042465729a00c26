import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { type Plugin, rolldown } from "rolldown"
import { root } from "./checks.ts"

// bundle.ts [DIRECTORY]: the command line in a few minified files, so that it starts without reading its six hundred modules. Each command is a
// file of its own, which is read when the command runs. CommonJS, because Node loads that some milliseconds faster.

const directory = process.argv[2] ?? join(root, "packages/cli/dist/bundle")
const entry = "effect-lxc.cjs"

/** A process that started before may still need the files that it has not read yet. */
const keptForMs = 3_600_000

const write = (name: string, text: string): void => {
  const part = join(directory, `${name}.${process.pid}`)
  writeFileSync(part, text, { mode: name === entry ? 0o755 : 0o644 })
  renameSync(part, join(directory, name))
}

const removeOld = (names: ReadonlySet<string>): void => {
  const before = Date.now() - keptForMs
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    if (!names.has(name) && statSync(path).mtimeMs < before) rmSync(path)
  }
}

/** effect/cli lays out help with a segmenter that it makes when it is loaded: 4 ms of every start, for help alone. */
const segmenterOnlyForHelp: Plugin = {
  name: "segmenter-only-for-help",
  transform: (code, id) => {
    if (!id.endsWith("/effect/dist/cli/CliOutput.js")) return undefined
    const lazy = code.replace(
      /const graphemeSegmenter = [^;]*?(new Intl\.Segmenter\([^;]*\));/,
      "let segmenter; const graphemeSegmenter = { segment: (text) => (segmenter ??= $1).segment(text) };"
    )
    if (lazy === code) throw new Error(`${id} makes no segmenter any more: see whether this is still needed`)
    return lazy
  }
}

const build = await rolldown({
  input: { "effect-lxc": join(root, "packages/cli/src/bin.ts") },
  platform: "node",
  plugins: [segmenterOnlyForHelp],
  // Modules of packages do something when they are loaded only where somebody needs what they export.
  treeshake: { moduleSideEffects: "no-external" },
  // Bundlers keep the environment there, and effect/ConfigProvider looks for it; Node keeps nothing there.
  transform: { define: { "import.meta": "{}" } },
  onLog: (_level, log) => {
    throw new Error(log.message)
  }
})
const { output } = await build.generate({
  format: "cjs",
  minify: true,
  entryFileNames: entry,
  chunkFileNames: "[name]-[hash].cjs"
})
mkdirSync(directory, { recursive: true })
// The entry last: whatever it names is there. The name of each other file tells its content.
for (const file of output.toReversed()) {
  if (file.type === "asset") throw new Error(`${file.fileName} is no code`)
  write(file.fileName, file.code)
}
removeOld(new Set(output.map((file) => file.fileName)))
