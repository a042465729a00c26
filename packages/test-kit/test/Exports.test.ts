import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Guest, Incidents, SimulatedHost, type SimulatedState } from "@effect-lxc/test-kit"
import { observe } from "@effect-lxc/test-kit/Transition"
import { headOf, isWholeArchive } from "@effect-lxc/test-kit/transition/Exports"
import { assert, describe, it } from "@effect/vitest"
import { done, failed, holds } from "./steps.ts"

const at = HostPath.make
const directory = at("/srv/.web1.import")
const guest = Guest.obedient({ programs: ["/bin/app"] })
const pack = { _tag: "ExportArchive", files: at("/srv/meta"), root: at("/srv/a.img"), kind: "image", archive: at("/srv/a.tar"), timeoutMs: 1_000 } as const
const unpack = { _tag: "ImportArchive", archive: at("/srv/a.tar"), directory, kind: "image", spec: "the spec", timeoutMs: 1_000 } as const
const receive = { _tag: "ReceiveArchive", file: at("/srv/in.tar"), timeoutMs: 1_000 } as const
const move = (from: string, to: string) => ({ _tag: "MoveIntoPlace", from: at(from), to: at(to), replace: true, ifThere: false }) as const

const described = Incidents.putFile("/srv/meta/manifest.json", "the manifest")(
  Incidents.putFile("/srv/meta/spec.json", "the spec")(SimulatedHost.state({ images: { "/srv/a.img": guest, "/srv/tree/": Guest.deaf() } }))
)
/** With a place to unpack it. */
const packed = Incidents.putDirectory(directory)(done(described, pack))

/** The code of a system call that fails, else what else it is. */
const code = (...of: Parameters<typeof failed>): string => {
  const { problem } = failed(...of)
  return problem._tag === "SystemCallFailed" ? `${problem.call} ${problem.code}` : problem._tag
}

describe("an export", () => {
  it("is whole when its sum is that of what it holds", () => {
    const text = packed.files["/srv/a.tar"]?.text ?? ""
    assert.isTrue(isWholeArchive(text))
    assert.isFalse(isWholeArchive(text.replace("the manifest", "another")))
    assert.isFalse(isWholeArchive(""))
  })

  it("of which a part is missing is none, as tar(1) says by its name", () => {
    const without = (path: string): string => {
      const { problem, state } = failed(Incidents.removePath(path)(described), pack)
      assert.strictEqual(state.files["/srv/a.tar"]?.text, "")
      return problem._tag === "CommandFailed" && problem.exitCode === 2 ? problem.stderr : problem._tag
    }
    const cannotStat = (what: string): string => `tar: ${what}: Cannot stat: No such file or directory\n`
    assert.strictEqual(without("/srv/meta/manifest.json"), cannotStat("manifest.json"))
    assert.strictEqual(without("/srv/meta/spec.json"), cannotStat("spec.json"))
    assert.strictEqual(without("/srv/a.img"), cannotStat("/srv/a.img"))
  })

  it("holds the manifest, the spec and the root, for root's eyes only", () => {
    assert.strictEqual(packed.files["/srv/a.tar"]?.mode, "0600")
    const head = headOf(packed, "/srv/a.tar")
    assert.isTrue(!("_tag" in head) && head.manifest === "the manifest" && head.spec === "the spec")
  })

  it("to - is standard output, from - standard input", () => {
    const out = done(described, { ...pack, archive: "-" })
    const stream = out.files["/dev/stdout"]?.text ?? ""
    assert.strictEqual(stream, packed.files["/srv/a.tar"]?.text)
    const head = headOf(Incidents.putFile("/dev/stdin", stream)(described), "-")
    assert.isTrue("spec" in head && head.spec === "the spec")
  })

  it("that is not there has no head; what is none is damaged", () => {
    const none = headOf(described, "/srv/a.tar")
    assert.isTrue("_tag" in none && none._tag === "SystemCallFailed" && none.call === "open" && none.code === "ENOENT")
    const text = headOf(Incidents.putFile("/srv/a.tar", "text")(described), "/srv/a.tar")
    assert.isTrue("_tag" in text && text._tag === "ArchiveDamaged")
  })

  it("of a root that is gone, or has nothing in it, fails as tar does, and leaves an empty file", () => {
    for (const state of [Incidents.removePath("/srv/a.img")(described), { ...described, images: {} }]) {
      const { problem, state: after } = failed(state, pack)
      assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 2)
      assert.deepStrictEqual(after.files["/srv/a.tar"], { kind: "file", mode: "0600", text: "" })
    }
  })

  it("on a full disk ends with ENOSPC, and is empty", () => {
    const full = Incidents.fillDisk("/srv/a.tar")(described)
    assert.strictEqual(code(full, pack), "write ENOSPC")
    assert.strictEqual(failed(full, pack).state.files["/srv/a.tar"]?.text, "")
  })

  it("without the directory of its head fails as tar does, and leaves an empty file", () => {
    const { problem, state } = failed(described, { ...pack, files: at("/srv/none") })
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 2)
    assert.strictEqual(state.files["/srv/a.tar"]?.text, "")
  })

  it("makes no directory for its file", () => {
    assert.strictEqual(code(described, { ...pack, archive: at("/srv/none/a.tar") }), "open ENOENT")
  })
})

describe("a received stream", () => {
  it("is what came in, nothing of nothing; on a full disk an empty file is left", () => {
    assert.deepStrictEqual(done(described, receive).files["/srv/in.tar"], { kind: "file", mode: "0600", text: "" })
    const full = Incidents.fillDisk("/srv/in.tar")(Incidents.putFile("/dev/stdin", "stream")(described))
    assert.strictEqual(code(full, receive), "write ENOSPC")
    assert.deepStrictEqual(failed(full, receive).state.files["/srv/in.tar"], { kind: "file", mode: "0600", text: "" })
  })
})

describe("an import", () => {
  const file = (text: string) => ({ kind: "file", mode: "0600", text }) as const

  it("has all three, each for root's eyes only, and the guest in its root", () => {
    const state = done(packed, unpack)
    const names = ["manifest.json", "spec.json", "root.img"].map((name) => state.files[`${directory}/${name}`])
    assert.deepStrictEqual(names, [file("the manifest"), file("the spec"), file("")])
    assert.deepStrictEqual(state.images, { ...packed.images, [`${directory}/root.img`]: guest })
  })

  it("of a directory has a directory", () => {
    const tree = done(packed, { ...pack, root: at("/srv/tree"), kind: "directory" })
    const state = done(tree, { ...unpack, kind: "directory" })
    assert.strictEqual(state.files[`${directory}/root`]?.kind, "directory")
    assert.deepStrictEqual(state.images[`${directory}/root`], Guest.deaf())
  })

  it("of what was changed anywhere unpacks nothing", () => {
    const text = packed.files["/srv/a.tar"]?.text ?? ""
    for (const [one, other] of [["the manifest", "a manifest"], ["the spec", "a spec"], ["/bin/app", "/bin/other"]] as const) {
      const changed = Incidents.putFile("/srv/a.tar", text.replace(one, other))(packed)
      const { problem, state } = failed(changed, unpack)
      assert.strictEqual(problem._tag, "ArchiveDamaged")
      assert.deepStrictEqual(state.files, changed.files)
    }
  })

  it("goes over no file that is there, as tar does: what else is in it is unpacked, and it fails", () => {
    const parts = ["manifest.json", "spec.json", "root.img"]
    for (const part of parts) {
      const mine = Incidents.putFile(`${directory}/${part}`, "mine")(packed)
      const { problem, state } = failed(mine, unpack)
      assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 2)
      assert.strictEqual(
        problem._tag === "CommandFailed" ? problem.stderr : "",
        `tar: ${part}: Cannot open: File exists\ntar: Exiting with failure status due to previous errors\n`
      )
      const texts = parts.map((each) => state.files[`${directory}/${each}`]?.text)
      assert.deepStrictEqual(texts, ["the manifest", "the spec", ""].map((text, index) => parts[index] === part ? "mine" : text))
      assert.strictEqual(state.files["/srv/a.tar"], packed.files["/srv/a.tar"])
    }
  })

  it("may have its archive where it unpacks it", () => {
    const archive = at(`${directory}/in.tar`)
    const state = done(Incidents.putDirectory(directory)(described), { ...pack, archive })
    assert.strictEqual(done(state, { ...unpack, archive }).files[`${directory}/spec.json`]?.text, "the spec")
  })

  it("on a full disk finds that out in the middle, and of another spec at the end", () => {
    const { problem, state } = failed(Incidents.fillDisk(directory)(packed), unpack)
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 2)
    assert.isDefined(state.files[`${directory}/root.img`])
    assert.strictEqual(code(packed, { ...unpack, spec: "another" }), "ArchiveDamaged")
  })
})

it("what is moved is told from another of the same name, be that a directory with another guest in it", () => {
  const back = { ...move("/srv/tree", "/srv/.tree"), replace: false, ifThere: true }
  const seen = observe(packed, back, new Map())
  assert.isTrue("result" in seen && seen.result !== undefined)
  const what = "result" in seen ? seen.result : undefined
  assert.isFalse(holds(packed, { ...back, what: String(what) }))
  const other = { ...packed, images: { ...packed.images, "/srv/tree": Guest.obedient() } }
  assert.isTrue(holds(other, { ...back, what: String(what) }))
})

it("packing, receiving and unpacking are never done before", () => {
  const state = done(done(packed, receive), unpack)
  for (const step of [pack, receive, unpack]) assert.isFalse(holds(state, step), step._tag)
})

describe("moving into place", () => {
  const tree = (): SimulatedState => Incidents.putFile("/srv/old/gone")(Incidents.putFile("/srv/tree/sub/file", "text")(described))

  it("takes along all that is below, the guest too, and replaces all that was there", () => {
    const before = tree()
    const state = done(before, move("/srv/tree", "/srv/old"))
    assert.strictEqual(state.files["/srv/old/sub/file"]?.text, "text")
    assert.isUndefined(state.files["/srv/old/gone"])
    assert.deepStrictEqual(Object.keys(state.files).filter((path) => path.startsWith("/srv/tree")), [])
    assert.deepStrictEqual(state.files["/srv/meta/spec.json"], before.files["/srv/meta/spec.json"], "and nothing else")
    assert.deepStrictEqual(state.images["/srv/old"], Guest.deaf())
    assert.isTrue(holds(state, move("/srv/tree", "/srv/old")))
  })

  it("needs what is moved, and the directory that it is moved to", () => {
    assert.strictEqual(code(described, move("/srv/none", "/srv/b.img")), "rename ENOENT")
    assert.strictEqual(code(described, move("/srv/a.img", "/srv/none/b.img")), "rename ENOENT")
  })
})

describe("removing a tree", () => {
  const step = { _tag: "RemoveTree", path: directory } as const

  it("takes what is in it, the guests too, and nothing beside it", () => {
    const state = done(done(packed, unpack), step)
    assert.deepStrictEqual(state.files, done(described, pack).files)
    assert.deepStrictEqual(state.images, packed.images)
  })

  it("leaves what is mounted in it, what is in that, and what leads to it", () => {
    const paths = ["/a/b", "/a/b/c", "/d", "/e/f"].map((path) => `${directory}${path}`)
    const made = paths.reduce((state, path) => Incidents.putDirectory(path)(state), described)
    const { problem, state } = failed(Incidents.mountOn(`${directory}/a/b`)(made), step)
    assert.isTrue(problem._tag === "CommandFailed" && problem.exitCode === 1)
    const left = Object.keys(state.files).filter((path) => path.startsWith(directory)).map((path) => path.slice(directory.length))
    assert.deepStrictEqual(left.sort(), ["", "/a", "/a/b", "/a/b/c"])
    assert.isDefined(state.files["/srv/meta/spec.json"])
  })
})
