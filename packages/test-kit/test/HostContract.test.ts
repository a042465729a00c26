import { Step } from "@effect-lxc/core/plan/Step"
import { Contract, SimulatedStage } from "@effect-lxc/test-kit"
import { suite } from "@effect-lxc/test-kit/HostContract"
import { assert, describe, it } from "@effect/vitest"

suite("simulated", SimulatedStage.layer(), { lacks: SimulatedStage.lacks })

describe("the contract of Host", () => {
  it("has cases of every kind for every step, or says why not", () => {
    for (const tag of Object.keys(Step.cases)) {
      const cases = Contract.byStep[tag as keyof typeof Contract.byStep] // the keys of the union are its tags
      for (const kind of ["success", "already", "failure"] as const) {
        assert.isNotEmpty(cases[kind], `${tag} ${kind}`)
      }
    }
  })

  it("names no promise twice", () => {
    const titles = Contract.cases.map(({ kind, step, title }) => `${step} ${title} [${kind}]`)
    assert.deepStrictEqual(titles.filter((title, index) => titles.indexOf(title) !== index), [])
  })
})
