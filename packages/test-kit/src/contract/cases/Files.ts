/**
 * Promises about files and directories.
 *
 * @since 0.1.0
 */
import { HostPath } from "@effect-lxc/core/model/HostPath"
import * as Effect from "effect/Effect"
import type { StepCases } from "../ContractCase.ts"
import { applies, cannotBe, does, fails, holds, isOpen, same } from "../Expect.ts"
import { befall, type Case, inScratch, look } from "../Scene.ts"

const makeDirectory = (path: HostPath): Case<"MakeDirectory"> => ({ _tag: "MakeDirectory", path, mode: "0700", keep: false })
const removeDirectory = (path: HostPath, ifEmpty = false): Case<"RemoveDirectory"> => ({ _tag: "RemoveDirectory", path, ifEmpty })
const removeRoot = (path: HostPath, ifEmpty = false): Case<"RemoveDirectory"> => ({ ...removeDirectory(path, ifEmpty), root: "goes" })
const clearRoot = (path: HostPath): Case<"RemoveDirectory"> => ({ ...removeDirectory(path, true), root: "stays" })
const writeFile = (path: HostPath, text: string): Case<"WriteFile"> => ({ _tag: "WriteFile", path, mode: "0600", text, previous: null })
const removeFile = (path: HostPath): Case<"RemoveFile"> => ({ _tag: "RemoveFile", path })
const move = (from: HostPath, to: HostPath, replace = false): Case<"MoveIntoPlace"> => ({
  _tag: "MoveIntoPlace",
  from,
  to,
  replace,
  ifThere: false
})

const makeDirectoryCases: StepCases = {
  success: [{
    title: "makes it and the missing ones above it, each with the mode",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a/b")
      yield* does(makeDirectory(path))
      for (const each of [path, yield* inScratch("a")]) yield* same(each, yield* look(each), { kind: "directory", mode: "0700", text: "" })
    })
  }],
  already: [{
    title: "finds one that is there, and lets its mode be",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* befall({ _tag: "PutDirectory", path })
      yield* holds(makeDirectory(path))
      yield* applies(makeDirectory(path))
      yield* same(path, yield* look(path), { kind: "directory", mode: "0755", text: "" })
    })
  }],
  failure: [{
    title: "is a conflict where a file is, which stays",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* befall({ _tag: "PutFile", path, text: "mine\n" })
      yield* cannotBe(makeDirectory(path), "Conflict", { found: `${path} is not a directory` })
      yield* fails(makeDirectory(path), "SystemCallFailed", { call: "mkdir", path, code: "EEXIST" })
      yield* same(path, (yield* look(path))?.text, "mine\n")
    })
  }, {
    title: "fails below a file with ENOTDIR",
    run: Effect.gen(function*() {
      yield* befall({ _tag: "PutFile", path: yield* inScratch("a"), text: "" })
      const path = yield* inScratch("a/b")
      yield* fails(makeDirectory(path), "SystemCallFailed", { call: "mkdir", path, code: "ENOTDIR" })
    })
  }, {
    title: "fails on a full disk with ENOSPC",
    needs: ["full disk"],
    run: Effect.gen(function*() {
      const directory = yield* inScratch("full")
      yield* befall({ _tag: "PutDirectory", path: directory })
      yield* befall({ _tag: "FillDisk", directory })
      const path = HostPath.make(`${directory}/a`)
      yield* fails(makeDirectory(path), "SystemCallFailed", { call: "mkdir", path, code: "ENOSPC" })
      yield* same(path, yield* look(path), undefined)
    })
  }]
}

const removeDirectoryCases: StepCases = {
  success: [{
    title: "takes an empty one away",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* befall({ _tag: "PutDirectory", path })
      yield* does(removeDirectory(path))
      yield* same(path, yield* look(path), undefined)
    })
  }, {
    title: "takes an empty root away with what LXC makes in one on which nothing is mounted",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      for (const ifEmpty of [true, false]) {
        for (const name of ["dev", "proc"]) yield* befall({ _tag: "PutDirectory", path: HostPath.make(`${path}/${name}`) })
        yield* does(removeRoot(path, ifEmpty))
        yield* same(path, yield* look(path), undefined)
      }
    })
  }, {
    title: "takes only that where the root stays",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      const at = (name: string) => HostPath.make(`${path}/${name}`)
      const [dev, proc, other] = [at("dev"), at("proc"), at("other")]
      for (const each of [dev, proc]) yield* befall({ _tag: "PutDirectory", path: each })
      yield* does(clearRoot(path))
      yield* same(path, (yield* look(path))?.kind, "directory")
      for (const each of [dev, proc, other]) yield* befall({ _tag: "PutDirectory", path: each })
      yield* does(clearRoot(path))
      yield* same("what is left", [yield* look(dev), yield* look(proc), (yield* look(other))?.kind], [undefined, undefined, "directory"])
      yield* holds(clearRoot(path))
    })
  }],
  already: [{
    title: "finds one gone, and a full one that may stay as good as gone",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* holds(removeDirectory(path))
      yield* applies(removeDirectory(path))
      yield* befall({ _tag: "PutDirectory", path })
      yield* befall({ _tag: "PutFile", path: HostPath.make(`${path}/b`), text: "mine\n" })
      yield* holds(removeDirectory(path, true))
      yield* applies(removeDirectory(path, true))
      yield* same(`${path}/b`, (yield* look(`${path}/b`))?.text, "mine\n")
      const other = yield* inScratch("c")
      yield* befall({ _tag: "PutDirectory", path: HostPath.make(`${other}/dev`) })
      yield* holds(removeDirectory(other, true))
    })
  }],
  failure: [{
    title: "never takes a full one: ENOTEMPTY, and what is in it stays",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* befall({ _tag: "PutDirectory", path })
      yield* befall({ _tag: "PutFile", path: HostPath.make(`${path}/b`), text: "mine\n" })
      yield* fails(removeDirectory(path), "SystemCallFailed", { call: "rmdir", path, code: "ENOTEMPTY" })
      yield* same(`${path}/b`, (yield* look(`${path}/b`))?.text, "mine\n")
    })
  }, {
    title: "never takes a root with a file in what LXC makes there: ENOTEMPTY, and that stays",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      const file = HostPath.make(`${path}/dev/b`)
      yield* befall({ _tag: "PutDirectory", path: HostPath.make(`${path}/dev`) })
      yield* befall({ _tag: "PutFile", path: file, text: "mine\n" })
      yield* fails(removeRoot(path), "SystemCallFailed", { call: "rmdir", path, code: "ENOTEMPTY" })
      yield* same(file, (yield* look(file))?.text, "mine\n")
    })
  }, {
    title: "takes nothing from what is mounted on a root: EBUSY",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      const inside = HostPath.make(`${path}/dev`)
      yield* befall({ _tag: "PutDirectory", path })
      yield* befall({ _tag: "MountTmpfs", path })
      yield* befall({ _tag: "PutDirectory", path: inside })
      yield* fails(removeRoot(path), "SystemCallFailed", { call: "rmdir", path, code: "EBUSY" })
      yield* holds(clearRoot(path))
      yield* applies(clearRoot(path))
      yield* same(inside, (yield* look(inside))?.kind, "directory")
    })
  }, {
    title: "fails for a file with ENOTDIR",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* befall({ _tag: "PutFile", path, text: "" })
      yield* fails(removeDirectory(path), "SystemCallFailed", { call: "rmdir", path, code: "ENOTDIR" })
    })
  }, {
    title: "fails for a mount point with EBUSY",
    needs: ["devices"],
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* befall({ _tag: "PutDirectory", path })
      yield* befall({ _tag: "MountTmpfs", path })
      yield* fails(removeDirectory(path), "SystemCallFailed", { call: "rmdir", path, code: "EBUSY" })
    })
  }]
}

const keptFile = (path: HostPath, text: string): Case<"WriteFile"> => ({ ...writeFile(path, text), kept: true })

const writeFileCases: StepCases = {
  success: [{
    title: "puts all of the text in place of what was there, with the mode, and nothing beside it",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* befall({ _tag: "PutFile", path, text: "an older text\n" })
      yield* does(writeFile(path, "one\ntwo"))
      yield* same(path, yield* look(path), { kind: "file", mode: "0600", text: "one\ntwo" })
      yield* same(`${path}.new`, yield* look(`${path}.new`), undefined)
    })
  }],
  already: [{
    title: "finds just this text with just this mode",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* applies(writeFile(path, "one\n"))
      yield* holds(writeFile(path, "one\n"))
      yield* isOpen(writeFile(path, "two\n"))
      yield* isOpen({ ...writeFile(path, "one\n"), mode: "0644" })
    })
  }],
  failure: [{
    title: "leaves another text alone where it is to be kept",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* does(keptFile(path, "one\n"))
      yield* cannotBe(keptFile(path, "two\n"), "Conflict", { found: `${path} holds another text` })
      yield* same(path, (yield* look(path))?.text, "one\n")
    })
  }, {
    title: "fails without its directory with ENOENT",
    run: Effect.gen(function*() {
      const path = yield* inScratch("none/a")
      yield* fails(writeFile(path, ""), "SystemCallFailed", { call: "write", path, code: "ENOENT" })
    })
  }, {
    title: "fails below a file with ENOTDIR",
    run: Effect.gen(function*() {
      yield* befall({ _tag: "PutFile", path: yield* inScratch("a"), text: "" })
      const path = yield* inScratch("a/b")
      yield* fails(writeFile(path, ""), "SystemCallFailed", { call: "write", path, code: "ENOTDIR" })
    })
  }, {
    title: "fails where a directory is with EISDIR, and leaves nothing beside it",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* befall({ _tag: "PutDirectory", path })
      yield* fails(writeFile(path, ""), "SystemCallFailed", { call: "write", path, code: "EISDIR" })
      yield* same(`${path}.new`, yield* look(`${path}.new`), undefined)
    })
  }, {
    title: "leaves the old text on a full disk: ENOSPC",
    needs: ["full disk"],
    run: Effect.gen(function*() {
      const directory = yield* inScratch("full")
      yield* befall({ _tag: "PutDirectory", path: directory })
      const path = HostPath.make(`${directory}/a`)
      yield* befall({ _tag: "PutFile", path, text: "old\n" })
      yield* befall({ _tag: "FillDisk", directory })
      yield* fails(writeFile(path, "new\n"), "SystemCallFailed", { call: "write", path, code: "ENOSPC" })
      yield* same(path, (yield* look(path))?.text, "old\n")
      yield* same(`${path}.new`, yield* look(`${path}.new`), undefined)
    })
  }]
}

const removeFileCases: StepCases = {
  success: [{
    title: "takes it away, and what an interrupted write left beside it",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* befall({ _tag: "PutFile", path, text: "" })
      yield* befall({ _tag: "PutFile", path: HostPath.make(`${path}.new`), text: "" })
      yield* does(removeFile(path))
      yield* same(path, [yield* look(path), yield* look(`${path}.new`)], [undefined, undefined])
    })
  }],
  already: [{
    title: "finds it gone",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* holds(removeFile(path))
      yield* applies(removeFile(path))
    })
  }],
  failure: [{
    title: "never takes a directory: EISDIR",
    run: Effect.gen(function*() {
      const path = yield* inScratch("a")
      yield* befall({ _tag: "PutDirectory", path })
      yield* fails(removeFile(path), "SystemCallFailed", { call: "unlink", path, code: "EISDIR" })
      yield* same(path, (yield* look(path))?.kind, "directory")
    })
  }]
}

const moveCases: StepCases = {
  success: [{
    title: "moves a file to a free place, with its text and mode",
    run: Effect.gen(function*() {
      const from = yield* inScratch("a")
      const to = yield* inScratch("b")
      yield* befall({ _tag: "PutFile", path: from, text: "one\n" })
      yield* does(move(from, to))
      yield* same(to, yield* look(to), { kind: "file", mode: "0644", text: "one\n" })
      yield* same(from, yield* look(from), undefined)
    })
  }, {
    title: "replaces a file where that is wanted",
    run: Effect.gen(function*() {
      const from = yield* inScratch("a")
      const to = yield* inScratch("b")
      yield* befall({ _tag: "PutFile", path: from, text: "new\n" })
      yield* befall({ _tag: "PutFile", path: to, text: "old\n" })
      yield* does(move(from, to, true))
      yield* same(to, (yield* look(to))?.text, "new\n")
    })
  }],
  already: [{
    title: "finds it moved: nothing is where it was, and something where it goes",
    run: Effect.gen(function*() {
      const from = yield* inScratch("a")
      const to = yield* inScratch("b")
      yield* isOpen(move(from, to))
      yield* holds({ ...move(from, to), ifThere: true })
      yield* befall({ _tag: "PutFile", path: to, text: "" })
      yield* holds(move(from, to))
    })
  }, {
    title: "moves nothing back that was never moved: what stands in the place is another's",
    run: Effect.gen(function*() {
      const from = yield* inScratch("a")
      const to = yield* inScratch("b")
      yield* befall({ _tag: "PutFile", path: from, text: "one\n" })
      yield* befall({ _tag: "PutFile", path: to, text: "two\n" })
      yield* holds({ ...move(from, to), ifThere: true })
      yield* isOpen(move(from, to))
      yield* same("both", [(yield* look(from))?.text, (yield* look(to))?.text], ["one\n", "two\n"])
    })
  }, {
    title: "moves back what it moved, and not what came into its place since",
    run: Effect.gen(function*() {
      const from = yield* inScratch("a")
      const to = yield* inScratch("b")
      yield* befall({ _tag: "PutFile", path: from, text: "one\n" })
      const what = yield* isOpen(move(from, to))
      yield* does(move(from, to))
      const back = { ...move(to, from), ifThere: true, what: String(what) }
      yield* isOpen(back)
      yield* befall({ _tag: "RemovePath", path: to })
      yield* befall({ _tag: "PutFile", path: to, text: "two\n" })
      yield* same("what there is to move", yield* holds(back), undefined)
      yield* applies(back)
      yield* same("both", [yield* look(from), (yield* look(to))?.text], [undefined, "two\n"])
    })
  }],
  failure: [{
    title: "takes no place that is taken: both stay as they are",
    run: Effect.gen(function*() {
      const from = yield* inScratch("a")
      const to = yield* inScratch("b")
      yield* befall({ _tag: "PutFile", path: from, text: "one\n" })
      yield* befall({ _tag: "PutFile", path: to, text: "two\n" })
      yield* fails(move(from, to), "Conflict", { found: `${to} exists already` })
      yield* same("both", [(yield* look(from))?.text, (yield* look(to))?.text], ["one\n", "two\n"])
    })
  }, {
    title: "fails with ENOENT where there is nothing to move",
    run: Effect.gen(function*() {
      const to = yield* inScratch("b")
      yield* fails(move(yield* inScratch("a"), to), "SystemCallFailed", { call: "rename", path: to, code: "ENOENT" })
    })
  }]
}

/**
 * @since 0.1.0
 * @category constants
 */
export const files = {
  MakeDirectory: makeDirectoryCases,
  RemoveDirectory: removeDirectoryCases,
  WriteFile: writeFileCases,
  RemoveFile: removeFileCases,
  MoveIntoPlace: moveCases
}
