/**
 * Advice that names a command of this program, for the directories in which it was given.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { defaultDirectories, type Directories } from "@effect-lxc/core/host/Directories"
import { directoryFlags, pasted } from "@effect-lxc/core/plan/CommandLine"

/**
 * Where the command works, once that is known: failures are told after it has ended.
 *
 * @since 0.1.0
 * @category references
 */
export const Whereabouts = Context.Reference<Ref.Ref<Directories>>("effect-lxc/Whereabouts", {
  defaultValue: () => Ref.makeUnsafe(defaultDirectories)
})

/**
 * What puts the flags for these directories into every command that a text advises.
 *
 * @since 0.1.0
 * @category constructors
 */
export const adviceFor = (directories: Directories): (text: string) => string => {
  const flags = directoryFlags(directories)
  if (flags.length === 0) return (text) => text
  return (text) =>
    text.replace(/\beffect-lxc (?=[a-z]+\b)(?!(?:[a-z]+ ){1,2}--help)/g, () => `effect-lxc ${pasted(flags)} `)
}

/**
 * The same, for where the running command works.
 *
 * @since 0.1.0
 * @category accessors
 */
export const advice: Effect.Effect<(text: string) => string> = Effect.flatMap(
  Whereabouts,
  (whereabouts) => Effect.map(Ref.get(whereabouts), adviceFor)
)
