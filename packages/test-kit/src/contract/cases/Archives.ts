/**
 * Promises about exports and what is unpacked of them.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import * as Commands from "@effect-lxc/core/plan/Commands"
import { members } from "@effect-lxc/core/plan/ExportFormat"
import * as Effect from "effect/Effect"
import type { StepCases } from "../ContractCase.ts"
import { applies, does, fails, holds, isOpen, isTrue, same } from "../Expect.ts"
import { befall, type Case, inScratch, look } from "../Scene.ts"
import { Stage } from "../Stage.ts"

const spec = "{}\n"

/** A directory with the head of an export, and an image to put in it. */
const toExport = Effect.gen(function*() {
  const { image } = yield* Stage
  const files = yield* inScratch("files")
  yield* befall({ _tag: "PutDirectory", path: files })
  yield* befall({ _tag: "PutFile", path: HostPath.make(`${files}/${members.manifest}`), text: "{}\n" })
  yield* befall({ _tag: "PutFile", path: HostPath.make(`${files}/${members.spec}`), text: spec })
  const step: Case<"ExportArchive"> = {
    _tag: "ExportArchive",
    files,
    root: HostPath.make(yield* image("obedient")),
    kind: "image",
    archive: yield* inScratch("export.tar"),
    timeoutMs: 60_000
  }
  return step
})

/** An export, and the step that unpacks it in a directory of its own. */
const toImport = Effect.gen(function*() {
  const { archive } = yield* Effect.tap(toExport, (step) => applies(step))
  const directory = yield* inScratch(".copy.import")
  yield* befall({ _tag: "PutDirectory", path: directory })
  const step: Case<"ImportArchive"> = {
    _tag: "ImportArchive",
    archive: HostPath.make(archive),
    directory,
    kind: "image",
    spec,
    timeoutMs: 60_000
  }
  return step
})

const exportArchive: StepCases = {
  success: [{
    title: "makes a file, 0600, that can be imported",
    needs: ["tools"],
    run: Effect.gen(function*() {
      const step = yield* toImport
      yield* same("mode", (yield* look(step.archive))?.mode, "0600")
      yield* applies(step)
    })
  }],
  already: "an export is made anew every time",
  failure: [{
    title: "fails with tar's exit code 2 where a root is not",
    needs: ["tools"],
    run: Effect.gen(function*() {
      const step = { ...(yield* toExport), root: yield* inScratch("none") }
      yield* fails(step, "CommandFailed", { argv: [...Commands.packExport(step)], exitCode: 2, signal: null })
    })
  }, {
    title: "fails with tar's exit code 2 where its head is not",
    needs: ["tools"],
    run: Effect.gen(function*() {
      const step = { ...(yield* toExport), files: yield* inScratch("none") }
      const { stderr } = yield* fails(step, "CommandFailed", { exitCode: 2 })
      yield* isTrue(stderr, stderr.includes(`tar: ${step.files}: Cannot open: No such file or directory`))
    })
  }, {
    title: "fails with tar's exit code 2 where a part of its head is not, and says which",
    needs: ["tools"],
    run: Effect.gen(function*() {
      for (const name of [members.manifest, members.spec]) {
        const step = yield* toExport
        yield* befall({ _tag: "RemovePath", path: HostPath.make(`${step.files}/${name}`) })
        const { stderr } = yield* fails(step, "CommandFailed", { exitCode: 2 })
        yield* isTrue(stderr, stderr.includes(`tar: ${name}: Cannot stat: No such file or directory`))
      }
    })
  }, {
    title: "fails with ENOENT where there is no directory for the file, which is not made",
    run: Effect.gen(function*() {
      const archive = yield* inScratch("none/export.tar")
      yield* fails({ ...(yield* toExport), archive }, "SystemCallFailed", { call: "open", code: "ENOENT" })
      yield* same("the directory", yield* look(yield* inScratch("none")), undefined)
    })
  }]
}

const receiveArchive: StepCases = {
  success: [{
    title: "keeps what standard input holds in a file, 0600",
    needs: ["stdin"],
    run: Effect.gen(function*() {
      yield* befall({ _tag: "PutFile", path: HostPath.make("/dev/stdin"), text: "an export" })
      const file = yield* inScratch("received")
      yield* applies({ _tag: "ReceiveArchive", file, timeoutMs: 1_000 })
      yield* same(file, yield* look(file), { kind: "file", mode: "0600", text: "an export" })
    })
  }],
  already: "standard input is read once",
  failure: [{
    title: "fails with ENOENT where there is no directory for the file",
    run: Effect.gen(function*() {
      const file = yield* inScratch("none/received")
      yield* fails({ _tag: "ReceiveArchive", file, timeoutMs: 1_000 }, "SystemCallFailed", { call: "open", path: file, code: "ENOENT" })
    })
  }]
}

const importArchive: StepCases = {
  success: [{
    title: "unpacks the root and the spec",
    needs: ["tools"],
    run: Effect.gen(function*() {
      const step = yield* toImport
      yield* isOpen(step)
      yield* applies(step)
      yield* same("spec", (yield* look(`${step.directory}/${members.spec}`))?.text, spec)
      yield* same("root", (yield* look(`${step.directory}/${members.image}`))?.kind, "file")
    })
  }],
  already: "what is unpacked is checked anew every time",
  failure: [{
    title: "unpacks nothing of what is no export",
    needs: ["tools"],
    run: Effect.gen(function*() {
      const step = yield* toImport
      const archive = yield* inScratch("damaged.tar")
      yield* befall({ _tag: "PutFile", path: archive, text: "x".repeat(20_480) })
      yield* fails({ ...step, archive }, "ArchiveDamaged", { archive })
      yield* same("root", yield* look(`${step.directory}/${members.image}`), undefined)
    })
  }, {
    title: "refuses an export with another spec than the plan was made for",
    needs: ["tools"],
    run: Effect.gen(function*() {
      const step = yield* toImport
      yield* fails({ ...step, spec: "[]\n" }, "ArchiveDamaged", { why: "it holds another spec than the plan was made for" })
    })
  }, {
    title: "unpacks over no file that is there, and fails with tar's exit code 2",
    needs: ["tools"],
    run: Effect.gen(function*() {
      const step = yield* toImport
      const there = HostPath.make(`${step.directory}/${members.spec}`)
      yield* befall({ _tag: "PutFile", path: there, text: "of another" })
      const { stderr } = yield* fails(step, "CommandFailed", { exitCode: 2 })
      yield* isTrue(stderr, stderr.includes(`tar: ${members.spec}: Cannot open: File exists`))
      yield* same("spec", (yield* look(there))?.text, "of another")
    })
  }, {
    title: "refuses what is there beside the members of an export",
    needs: ["tools"],
    run: Effect.gen(function*() {
      const step = yield* toImport
      yield* befall({ _tag: "PutFile", path: HostPath.make(`${step.directory}/strange`), text: "" })
      yield* fails(step, "ArchiveDamaged", { why: `it holds "strange", which no export does` })
    })
  }, {
    title: "fails with tar's exit code 2 where its directory is not",
    needs: ["tools"],
    run: Effect.gen(function*() {
      const step = { ...(yield* toImport), directory: yield* inScratch(".none.import") }
      const { stderr } = yield* fails(step, "CommandFailed", { exitCode: 2 })
      yield* isTrue(stderr, stderr.includes(`tar: ${step.directory}: Cannot open: No such file or directory`))
    })
  }, {
    title: "fails with ENOENT where there is no file",
    run: Effect.gen(function*() {
      const archive = yield* inScratch("none.tar")
      const directory = yield* inScratch(".copy.import")
      yield* fails({ _tag: "ImportArchive", archive, directory, kind: "image", spec, timeoutMs: 1_000 }, "SystemCallFailed", {
        call: "open",
        path: archive,
        code: "ENOENT"
      })
    })
  }]
}

const removeTree: StepCases = {
  success: [{
    title: "takes a directory away with all that is in it",
    needs: ["tools"],
    run: Effect.gen(function*() {
      const path = yield* inScratch(".copy.import")
      const file = HostPath.make(`${path}/a/b`)
      yield* befall({ _tag: "PutDirectory", path: HostPath.make(`${path}/a`) })
      yield* befall({ _tag: "PutFile", path: file, text: "" })
      yield* does({ _tag: "RemoveTree", path })
      yield* same("both", [yield* look(path), yield* look(file)], [undefined, undefined])
    })
  }],
  already: [{
    title: "finds it gone",
    run: Effect.gen(function*() {
      yield* holds({ _tag: "RemoveTree", path: yield* inScratch(".copy.import") })
    })
  }],
  failure: [{
    title: "leaves another file system that is mounted in it, with all that is there, and fails",
    needs: ["tools", "devices"],
    run: Effect.gen(function*() {
      const path = yield* inScratch(".copy.import")
      const inside = HostPath.make(`${path}/mounted`)
      yield* befall({ _tag: "PutDirectory", path: inside })
      yield* befall({ _tag: "MountTmpfs", path: inside })
      yield* befall({ _tag: "PutFile", path: HostPath.make(`${inside}/b`), text: "mine\n" })
      yield* fails({ _tag: "RemoveTree", path }, "CommandFailed", { argv: [...Commands.removeTree({ path })], exitCode: 1 })
      yield* same(`${inside}/b`, (yield* look(`${inside}/b`))?.text, "mine\n")
    })
  }]
}

/**
 * @since 0.1.0
 * @category constants
 */
export const archives = {
  ExportArchive: exportArchive,
  ReceiveArchive: receiveArchive,
  ImportArchive: importArchive,
  RemoveTree: removeTree
}
