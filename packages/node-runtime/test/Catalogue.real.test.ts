import * as NodeSessions from "@effect-lxc/node-runtime/NodeSessions"
import { Catalogue } from "@effect-lxc/test-kit"
import { afterAll, beforeAll, describe, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import * as RealStage from "./RealStage.ts"

const lab = new RealLab()
const layer = Layer.merge(RealStage.layerIn(lab), NodeSessions.layer)

describe.runIf(realHost.available)("the catalogue, on a real host", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  for (const line of Catalogue.lines.filter(({ simulatedOnly }) => simulatedOnly === undefined)) {
    it(`${line.line}: ${line.title}`, async (test) => {
      const reason = await Effect.runPromise(Catalogue.runLine(line, layer))
      if (reason !== undefined) test.skip(reason)
    })
  }
})
