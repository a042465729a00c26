import { Effect, Layer, Stream } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import type { MakeHypervisor } from "effect-lxc/Hypervisors"
import { StandardInput } from "effect-lxc/InputFile"
import { Output, type Terminal } from "effect-lxc/Output"
import { run } from "effect-lxc/Program"
import { type FakeHost, hypervisorOf, makeFakeHost } from "./FakeHost.ts"

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Setting {
  readonly host?: FakeHost
  /** Instead of the fake host. */
  readonly make?: MakeHypervisor
  readonly stdin?: string
  readonly terminal?: Terminal
}

/** The program as an effect, and what it has written so far. */
export const prepare = (argv: ReadonlyArray<string>, setting: Setting = {}) => {
  const { host = makeFakeHost(), make = hypervisorOf(host), stdin = "", terminal } = setting
  const written = { out: "", err: "" }
  const output = Layer.succeed(Output, {
    out: (text) => Effect.sync(() => void (written.out += text)),
    err: (text) => Effect.sync(() => void (written.err += text)),
    terminal: Effect.succeed(terminal)
  })
  const program = run(argv, make).pipe(
    Effect.provide(output),
    Effect.provideService(StandardInput, Stream.make(new TextEncoder().encode(stdin)))
  )
  return { program, written }
}

export const cli = (argv: ReadonlyArray<string>, setting: Setting = {}): Effect.Effect<Ran> => {
  const { program, written } = prepare(argv, setting)
  return Effect.map(program, (code) => ({ code, ...written }))
}

/** A directory for the files of one test file, gone when its tests are over. */
export const temporary = () => {
  const directory = mkdtempSync(join(tmpdir(), "effect-lxc-cli-"))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  const path = (name: string): string => join(directory, name)
  return {
    path,
    /** A file with this content, by its path. */
    file: (name: string, content: string | Uint8Array): string => {
      writeFileSync(path(name), content)
      return path(name)
    }
  }
}

export const specText = `name: web1.example.com
disks:
  - path: /srv/images/web1.img
nics:
  - { mode: bridged, link: br0, mac: "aa:00:00:12:34:56" }
`
