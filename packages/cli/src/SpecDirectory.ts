/**
 * All specs of a directory.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { readdirSync, statSync } from "node:fs"
import { join } from "node:path"
import { bootOrder } from "@effect-lxc/core/plan/BootOrder"
import { unreadable } from "./InputFile.ts"
import { SeveralFailed } from "./SeveralFailed.ts"
import { readSpec } from "./SpecFile.ts"

/** Editors leave hidden files, and a pipe would be waited for. */
const isSpec = (directory: string, file: string): boolean =>
  /^[^.].*\.(?:ya?ml|json)$/.test(file) && statSync(join(directory, file), { throwIfNoEntry: false })?.isFile() !== false

/**
 * The specs in the files `*.yaml`, `*.yml` and `*.json` of a directory, not of those below it, in the order in which they
 * are started. Everything that is wrong with any of them is told, and then none is used.
 *
 * @since 0.1.0
 * @category reading
 */
export const readSpecs = Effect.fn("SpecDirectory.read")(function*(directory: string) {
  const files = yield* Effect.try({
    try: () => readdirSync(directory).filter((file) => isSpec(directory, file)).sort(),
    catch: unreadable(directory, "directory")
  })
  const specs = yield* Effect.forEach(files, (file) => Effect.result(readSpec(join(directory, file))))
  const errors = specs.filter(Result.isFailure).map((each) => each.failure)
  if (errors.length > 0) return yield* new SeveralFailed({ errors })
  const instances = specs.filter(Result.isSuccess).map((each) => each.success)
  const fileOf = new Map(instances.map((each, index) => [each, files[index]]))
  return yield* Effect.fromResult(bootOrder(instances, directory, (each) => fileOf.get(each)))
})
