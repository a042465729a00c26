import { suite } from "@effect-lxc/test-kit/HostContract"
import { afterAll, beforeAll, describe } from "@effect/vitest"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "./RealLab.ts"
import * as RealStage from "./RealStage.ts"

const lab = new RealLab()

describe.runIf(realHost.available)("on a real host", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())
  suite("real LXC", RealStage.layerIn(lab), { lacks: RealStage.lacks })
})
