import { assert, describe, it } from "@effect/vitest"
import { runInNewContext } from "node:vm"
import { calledBy, eagerly } from "../../../tools/eager.ts"
import { temporary } from "./Harness.ts"

const { file } = temporary()

/** The places of the parts of a code, each of which it holds once. */
const places = (code: string, ...parts: ReadonlyArray<string>): ReadonlySet<string> =>
  new Set(parts.map((part) => `${code.indexOf(part)}:${code.indexOf(part) + part.length}`))

const eager = (code: string, ...called: ReadonlyArray<string>): string => eagerly("code.cjs", code, places(code, ...called))

describe("code that is compiled at once", () => {
  it("has what was called in parentheses, and nothing else", () => {
    const code = "const f=a=>b=>a+b,g=function(){return f},h=()=>0;"
    assert.strictEqual(eager(code, "a=>b=>a+b", "function(){return f}"), "const f=(a=>b=>a+b),g=(function(){return f}),h=()=>0;")
    assert.strictEqual(eager(code, "b=>a+b"), "const f=a=>(b=>a+b),g=function(){return f},h=()=>0;")
    assert.strictEqual(eager(code, "a=>b=>a+b", "b=>a+b"), "const f=(a=>(b=>a+b)),g=function(){return f},h=()=>0;")
    assert.strictEqual(eager(code), code)
  })

  it("has declarations that were called at its head, where they are known already to what stands before them", () => {
    const code = "const one=f(1);function f(n){return n<9?(()=>g(n))():n}const two=f(2);function g(n){return f(n*3)}result=[one,two];"
    const moved = eager(code, "function f(n){return n<9?(()=>g(n))():n}", "()=>g(n)")
    assert.strictEqual(
      moved,
      "var f=(function f(n){return n<9?((()=>g(n)))():n});const one=f(1);const two=f(2);function g(n){return f(n*3)}result=[one,two];"
    )
    const resultOf = (text: string): unknown => runInNewContext(`let result;{${text}}JSON.stringify(result)`)
    assert.strictEqual(resultOf(moved), resultOf(code))
    assert.strictEqual(resultOf(moved), "[9,18]")
  })

  it("has declarations where they were whose name is given another value", () => {
    const code = "function once(){once=()=>2;return 1}function twice(){twice++;return 3}function f(){return 4}result=[once(),once(),f(),twice()];"
    const moved = eager(code, "function once(){once=()=>2;return 1}", "function twice(){twice++;return 3}", "function f(){return 4}")
    assert.strictEqual(moved, `var f=(function f(){return 4});${code.replace("function f(){return 4}", "")}`)
    assert.strictEqual(runInNewContext(`let result;{${moved}}JSON.stringify(result)`), "[1,2,4,3]")
  })

  it("has methods, accessors and constructors as they were", () => {
    const code = "const o={m(){return 1},get a(){return 2}};class C{constructor(){o.m()}static s(){return o.a}}new C();C.s();"
    const called = calledBy(file("methods.cjs", code), [[]]).get("methods.cjs") ?? new Set()
    assert.isAtLeast(called.size, 4)
    assert.strictEqual(eagerly("methods.cjs", code, called), code)
  })

  it("is told by a program what it calls, whether it ends well or not", () => {
    const code = "const f=()=>g(),g=()=>1,h=()=>2;f();process.exit(3)"
    const called = calledBy(file("called.cjs", code), [["--", "one"], []]).get("called.cjs") ?? new Set()
    assert.strictEqual(eagerly("called.cjs", code, called), "const f=(()=>g()),g=(()=>1),h=()=>2;f();process.exit(3)")
  })
})
