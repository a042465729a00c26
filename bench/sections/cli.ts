import { existsSync } from "node:fs"
import { join } from "node:path"
import { alternately, timed } from "../Measure.ts"
import { atMost, row, type Section } from "../Section.ts"
import { program } from "../Tools.ts"

export const cli: Section = {
  name: "cli",
  needs: "fleet",
  measure: async ({ lab, running }, { repository }) => {
    const bundle = join(repository, "packages/cli/dist/bundle/effect-lxc.cjs")
    const sources = join(repository, "packages/cli/src/main.ts")
    const bundled = existsSync(bundle)
    const entry = bundled ? bundle : sources
    const { log, run, state } = lab.directories
    const found = await alternately(15, {
      list: timed(() => program(process.execPath, [entry, "list", "--run-dir", run, "--log-dir", log, "--state-dir", state])),
      nothing: timed(() => program(process.execPath, [entry, "list", "--run-dir", join(run, "nothing"), "--state-dir", join(state, "nothing")])),
      bare: timed(() => program(process.execPath, [entry, "--version"])),
      node: timed(() => program(process.execPath, ["-e", "0"]))
    })
    const which = bundled ? "the bundle" : "the sources"
    return {
      rows: [
        row(`list with ${running.length} running, a cold process of ${which}`, found.list),
        row(`list with nothing of its own, a cold process of ${which}`, found.nothing),
        row(`--version of ${which}`, found.bare),
        row("node -e 0", found.node)
      ],
      goals: bundled ? [
        atMost("cli: list takes at most 10 ms more than the bare start-up", found.list.median - found.bare.median, 10, " ms"),
        atMost("cli: the bare start-up takes at most 3x node -e 0", found.bare.median / found.node.median, 3)
      ] : [],
      notes: bundled ? [] : ["no goals for cli: there is no bundle (packages/cli/dist/bundle/effect-lxc.cjs), and sources start slower"]
    }
  }
}
