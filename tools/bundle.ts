import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type OutputChunk, type Plugin, rolldown } from "rolldown"
import { root } from "./checks.ts"
import { type Called, calledBy, eagerly } from "./eager.ts"

// bundle.ts [DIRECTORY]: the command line in a few minified files, so that it starts without reading its six hundred modules. Each command is a
// file of its own, which is read when the command runs. CommonJS, because Node loads that some milliseconds faster. What is called
// at a start is written so that V8 compiles it at once.

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

/** Of a module of Node that is imported whole a bundle makes a copy, name by name, each time that it starts. */
const modulesOfNodeUncopied: Plugin = {
  name: "modules-of-node-uncopied",
  transform: (code, id) =>
    id.startsWith(join(root, "packages"))
      ? code.replaceAll(/^import \* as (\w+) from ("node:[\w/]+")$/gm, "const $1 = process.getBuiltinModule($2)")
      : undefined
}

/** What is called by a list where there is nothing to list, and by what needs all commands: what every start does, and a question. */
const calledByStarts = (chunks: ReadonlyArray<OutputChunk>): ReadonlyMap<string, Called> => {
  const place = mkdtempSync(join(tmpdir(), "effect-lxc-bundle-"))
  try {
    for (const { code, fileName } of chunks) writeFileSync(join(place, fileName), code)
    const directories = ["run", "log", "state"].flatMap((each) => [`--${each}-dir`, join(place, each)])
    return calledBy(join(place, entry), [["list", ...directories], ["--version"]])
  } finally {
    rmSync(place, { recursive: true })
  }
}

const build = await rolldown({
  input: { "effect-lxc": join(root, "packages/cli/src/bin.ts") },
  platform: "node",
  plugins: [segmenterOnlyForHelp, modulesOfNodeUncopied],
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
  // What is read together is one file: each costs a third of a millisecond. A group takes what its modules import along; what both
  // questions and commands need, a set of processors, is in the file that is read by all.
  codeSplitting: {
    groups: [
      { name: "start", test: /cli\/src\/main\.ts$|core\/src\/model\/CpuSet\.ts$/, priority: 1 },
      { name: "commands", test: /cli\/src\/Commands\.ts$/ },
      { name: "questions", test: /cli\/src\/actions\/(?:List|Info)\.ts$|\/NodeQueries\.ts$/ }
    ]
  },
  entryFileNames: entry,
  chunkFileNames: "[name]-[hash].cjs"
})
const chunks = output.map((file) => {
  if (file.type === "asset") throw new Error(`${file.fileName} is no code`)
  return file
})
const called = calledByStarts(chunks)
mkdirSync(directory, { recursive: true })
// The entry last: whatever it names is there. The name of each other file tells what it does.
for (const { code, fileName } of chunks.toReversed()) {
  const ofFile = called.get(fileName)
  write(fileName, ofFile === undefined || fileName === entry ? code : eagerly(fileName, code, ofFile))
}
removeOld(new Set(chunks.map(({ fileName }) => fileName)))
