import { HostPath } from "@effect-lxc/core/model/HostPath"
import { Explore, Faults, Scenario } from "@effect-lxc/test-kit"
import { escaped, html } from "@effect-lxc/test-kit/explore/Html"
import { patch } from "@effect-lxc/test-kit/explore/ReportTimeline"
import { faultText, inWords } from "@effect-lxc/test-kit/explore/Wording"
import { assert, describe, it } from "@effect/vitest"

const hostile = `</style><img src=x onerror="alert('&')">\u202e\u0000`

/** One operator starts, with a fault, and another one stops meanwhile; a third runs into a spec that is none. */
const subject: Explore.Case = {
  scenario: { ...Scenario.simplest, memory: "64MiB" },
  starting: { _tag: "Clean" },
  neighbour: false,
  schedule: 1,
  operators: [
    {
      asks: [{ request: { _tag: "Start", spec: Scenario.specOf(Scenario.simplest) }, afterMs: 0, interruptAfterMs: null }],
      faults: [Faults.atTag("Mount", "act-then-refuse")],
      afterCrash: []
    },
    { asks: [{ request: { _tag: "Start", spec: { [hostile]: hostile } }, afterMs: 5, interruptAfterMs: 100 }], faults: [], afterCrash: [] }
  ]
}

const story = Explore.tell(subject)
const page = Explore.reportOf(story)

/** The elements that have an end, in the order in which they begin and end. */
const tagsOf = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/<(\/?[a-z][a-z0-9]*)/g)].map(([, tag]) => tag ?? "").filter((tag) => !["meta", "input"].includes(tag))

describe("a text in a page", () => {
  it("is what it is, in an element or in an attribute, and nothing of it is hidden", () => {
    assert.strictEqual(escaped(`<a b="c" d='e'>&amp;`), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;")
    assert.strictEqual(escaped("a\u0000b\u001bc\u202ed\u200be\ud800f\u007f"), "a⟨U+0000⟩b⟨U+001B⟩c⟨U+202E⟩d⟨U+200B⟩e⟨U+D800⟩f⟨U+007F⟩")
    assert.strictEqual(escaped("two\n\tlines, ü 🐧"), "two\n\tlines, ü 🐧")
  })

  it("is escaped once, where it is put in", () => {
    const inner = html`<b>${"<"}</b>`
    assert.strictEqual(html`<i title="${"\""}">${inner}${[inner, inner]}${7}</i>`.text, `<i title="&quot;"><b>&lt;</b><b>&lt;</b><b>&lt;</b>7</i>`)
  })
})

describe("data in words", () => {
  it("has every part that says something", () => {
    assert.strictEqual(inWords({ step: "Mount", problem: { _tag: "Failed", code: 1, none: null, log: [] }, undone: false }), "step Mount, problem (Failed, code 1), undone false")
    assert.strictEqual(inWords([]), "none")
    assert.strictEqual(inWords(["a", { b: "" }]), `a, b ""`)
  })

  it("says of a fault what it does, where and when", () => {
    assert.strictEqual(faultText(Faults.atIndex(3, "crash")), "crash at step 4 when it is applied")
    assert.strictEqual(faultText(Faults.atTag("Mount", "slow", { ms: 20, call: "observe", nth: 1 })), "slow for 20 ms at Mount number 2 when it is observed")
    assert.strictEqual(faultText(Faults.atTool("ip", "hang", { repeats: true })), "hang at call 1 of ip and each time from then on")
    assert.strictEqual(faultText(Faults.atJournal("append", "full-disk", { path: "/var" })), "full-disk /var at append 1 of the journal")
    assert.strictEqual(faultText(Faults.at({ _tag: "Lock", nth: 0 }, "refuse")), "refuse at lock 1")
    assert.strictEqual(
      faultText(Faults.atInstant(9, "befall", { happening: { _tag: "FillDisk", directory: HostPath.make("/run") } })),
      "befall: FillDisk (directory /run) after 9 ms"
    )
  })
})

describe("a difference", () => {
  it("has its lines by what became of them, and is folded where it is long", () => {
    assert.strictEqual(
      patch("+ a\n~ b <\n    -old\n     same\n- c\n").text,
      `<pre><span class="came">+ a</span>\n<span class="changed">~ b &lt;</span>\n<span class="went">    -old</span>\n` +
        `<span class="same">     same</span>\n<span class="went">- c</span>\n</pre>`
    )
    assert.match(patch("+ a\n".repeat(6) + "- b\n~ c\n    +d\n").text, /^<details><summary>6 came, 1 went, 1 changed<\/summary><pre>/)
  })
})

describe("the report of a story", () => {
  it("needs no other file and runs nothing", () => {
    assert.include(page, `content="default-src 'none'; style-src 'unsafe-inline'"`)
    assert.notMatch(page, /<(script|link|img|iframe|object)|https?:|url\(|@import|<[^>]*\s(on\w+|src|href|style)=/)
  })

  it("ends every element that it begins, whatever the texts of the case are", () => {
    assert.include(page, "&lt;/style&gt;&lt;img src=x")
    const open: Array<string> = []
    for (const tag of tagsOf(page)) {
      if (tag.startsWith("/")) assert.strictEqual(open.pop(), tag.slice(1))
      else open.push(tag)
    }
    assert.deepStrictEqual(open, [])
  })

  it("shows the case, and by what it is had again", () => {
    for (const text of ["act-then-refuse at Mount number 1 when it is applied", "interrupted after 100 ms", "In the beginning: Clean", "64MiB"]) {
      assert.include(page, text)
    }
    assert.include(page, `--replay '${escaped(Explore.tokenOf(subject))}'`)
  })

  it("shows what each operator did in a column of his own, with what it changed", () => {
    assert.match(page, /<td class="step">mount \S+ on \/run\/effect-lxc\/containers\/web1\/rootfs[^<]*<\/td><td><\/td>/)
    assert.match(page, /<td class="change"><pre><span class="came">\+ directory \/run\/effect-lxc\/containers\/web1 \(0700\)<\/span>/)
    assert.match(page, /<td class="fault"><b>fault<\/b> act-then-refuse at Mount number 1/)
    assert.match(page, /<td class="bad">apply Mount fails: /)
    assert.match(page, /<td class="bad"><b>Failed<\/b> step Mount, [^<]*undone true/)
    assert.match(page, /<td><\/td><td class="bad"><b>Invalid<\/b> fields/)
    assert.match(page, /<h2>Afterwards<\/h2>/)
  })

  it("says of each promise whether it holds, and of a broken one why", () => {
    assert.include(page, "<b>Every promise holds.</b>")
    for (const { name } of Explore.invariants) assert.include(page, `<span class="good">✓</span> ${name}`)
    const broken = Explore.reportOf(story, [{ name: "never", check: () => ["why <b>", "and why"] }, { name: "ever", check: () => [] }])
    assert.include(broken, `<div class="verdict bad"><b>Broken: never</b></div>`)
    assert.include(broken, `✗ never</b><ul><li>why &lt;b&gt;</li><li>and why</li></ul>`)
    assert.include(broken, `<span class="good">✓</span> ever`)
  })

  it("says what was left, and that a story came to no end", () => {
    assert.include(page, "<h2>What was left</h2>")
    assert.match(page, /compared with the beginning:<\/p><pre>[^]*\+ directory \/var\/log\/effect-lxc /)
    const stuck = Explore.reportOf({ ...story, aftermath: undefined, hang: "stuck" })
    assert.include(stuck, "It came to no end: stuck")
    assert.notInclude(stuck, "<h2>What was left</h2>")
  })
})
