import { suite } from "@effect-lxc/test-kit/HostContract"
import * as FakeToolsStage from "./FakeToolsStage.ts"

suite("the real host's layer over fake tools", FakeToolsStage.layer, { lacks: FakeToolsStage.lacks })
