/**
 * The standard streams of this process, for bytes: an export that is written to one, or read from the other.
 *
 * @since 0.1.0
 */
import type { HostError } from "@effect-lxc/core/runtime/Host"
import * as Effect from "effect/Effect"
import { callFailed } from "./HostFiles.ts"

/**
 * Ends when the system has taken the bytes; a reader that has gone away is a failure.
 *
 * @since 0.1.0
 * @category writing
 */
export const writeOut = (bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => error === undefined || error === null ? resolve() : reject(error))
  })

/**
 * Standard input, of which the beginning can be looked at without taking it away.
 *
 * @since 0.1.0
 * @category models
 */
export interface StandardInput {
  /** The first bytes, as many as `enough` asks for or there are. */
  readonly peek: (enough: (bytes: Buffer) => boolean) => Effect.Effect<Buffer, HostError>
  /** The next bytes; undefined at the end. */
  readonly next: Effect.Effect<Buffer | undefined, HostError>
}

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeStandardInput = (): StandardInput => {
  let ahead: Array<Buffer> = []
  let iterator: AsyncIterator<Buffer, undefined> | undefined
  const read = Effect.tryPromise({
    try: async () => {
      iterator ??= process.stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined> // no encoding is set: chunks are bytes
      const read: IteratorResult<Buffer, undefined> = await iterator.next()
      return read.value
    },
    catch: (error) => callFailed("read", "standard input", error)
  })
  return {
    peek: Effect.fnUntraced(function*(enough) {
      let seen = Buffer.concat(ahead)
      while (!enough(seen)) {
        const chunk = yield* read
        if (chunk === undefined) break
        seen = Buffer.concat([seen, chunk])
      }
      ahead = [seen]
      return seen
    }),
    next: Effect.suspend(() => {
      const first = ahead.shift()
      return first === undefined ? read : Effect.succeed(first)
    })
  }
}
