/**
 * The streams of this process.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Output, OutputLost, type Terminal } from "./Output.ts"

/** Ends when the system has taken the text, with the code of the failure if there was one. */
const write = (stream: NodeJS.WriteStream, text: string): Effect.Effect<string | undefined> =>
  Effect.callback<string | undefined>((resume) => {
    stream.write(text, (error?: NodeJS.ErrnoException | null) => {
      resume(Effect.succeed(error === undefined || error === null ? undefined : error.code ?? error.message))
    })
  })

/** The reader has gone away, as in `effect-lxc list | head -n 1`: that is its right. */
const readerGone = (code: string): boolean => code === "EPIPE" || code === "ERR_STREAM_DESTROYED"

const terminal = (): Terminal | undefined => {
  if (!process.stderr.isTTY) return undefined
  const { env } = process
  const locale = env["LC_ALL"] || env["LC_CTYPE"] || env["LANG"] || ""
  return {
    columns: process.stderr.columns || 80,
    color: (env["NO_COLOR"] ?? "") === "" && env["TERM"] !== "dumb",
    unicode: /utf-?8/i.test(locale)
  }
}

/**
 * Standard output and standard error of this process.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<Output> = Layer.sync(Output, () => {
  // A failed write is reported to its callback; as an event without a listener it would end the process.
  process.stdout.on("error", () => {})
  process.stderr.on("error", () => {})
  return Output.of({
    out: (text) =>
      Effect.flatMap(write(process.stdout, text), (code) =>
        code === undefined
          ? Effect.void
          : Effect.fail(new OutputLost({ target: "standard output", code: readerGone(code) ? "EPIPE" : code }))),
    err: (text) => Effect.asVoid(write(process.stderr, text)),
    terminal: Effect.sync(terminal)
  })
})
