import { assert } from "@effect/vitest"

/** How many inputs each parser is given; more are asked for with FUZZ_RUNS. */
export const runs = Number(process.env["FUZZ_RUNS"] ?? 300)

/** A sequence of numbers from 0 to below 1 that a seed determines (mulberry32). */
export const numbersFrom = (seed: number): () => number => {
  let state = seed
  return () => {
    state = state + 0x6d2b79f5 | 0
    let mixed = Math.imul(state ^ state >>> 15, state | 1)
    mixed ^= mixed + Math.imul(mixed ^ mixed >>> 7, mixed | 61)
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32
  }
}

/** What parsers stumble over. */
export const tokens: ReadonlyArray<string> = [
  "", " ", "\t", "\r", "\n", "\0", "\\", "\\040", "\\9", "(", ")", ") ", ":", "::", ",", "=", "/", "..", "-", "--", "#", "'", "\"", "{", "}", "[", "]", "@",
  "0", "1", "-1", "9".repeat(20), "1e309", "0x10", "NaN", "null", "true", "é", "😀", "\ud800", "\u202e", "\u2028", "\u001b[31m",
  "__proto__", "constructor", "toString", "lxc.hook.start = /x\n", " - ", "max", "&a", "*a", "!!x", "<<: ", "%YAML 1.1\n"
]

/** A sample with one to four things wrong with it, or noise. */
export const mutated = (samples: ReadonlyArray<Buffer>, random: () => number): Buffer => {
  const below = (limit: number): number => Math.floor(random() * limit)
  const pick = (): Buffer => samples[below(samples.length)] ?? Buffer.alloc(0)
  if (random() < 0.05) return Buffer.from(Array.from({ length: below(600) }, () => below(256)))
  let bytes = pick()
  for (let left = 1 + below(4); left > 0; left--) {
    const [one, other] = [below(bytes.length + 1), below(bytes.length + 1)].sort((a, b) => a - b) as [number, number] // two of them
    const token = Buffer.from(tokens[below(tokens.length)] ?? "")
    const piece = bytes.subarray(one, other)
    const middle = [Buffer.alloc(0), token, Buffer.concat([piece, piece]), Buffer.from([below(256)]), pick().subarray(one, other)][below(5)]
    bytes = Buffer.concat([bytes.subarray(0, one), middle ?? token, bytes.subarray(random() < 0.5 ? one : other)])
    if (random() < 0.1) bytes = bytes.subarray(0, one)
    if (bytes.length > 20_000) bytes = bytes.subarray(0, 20_000)
  }
  return bytes
}

/** Gives a parser mutations of true samples: it has an answer for each; a throw tells the input that it was. */
export const survives = (parse: (bytes: Buffer) => unknown, samples: ReadonlyArray<string | Buffer>, seed = 1): void => {
  const random = numbersFrom(seed)
  const buffers = samples.map((each) => Buffer.from(each))
  for (let run = 0; run < runs; run++) {
    const bytes = mutated(buffers, random)
    try {
      parse(bytes)
    } catch (error) {
      assert.fail(`run ${run} of seed ${seed}: ${String(error)} on ${JSON.stringify(bytes.toString("latin1").slice(0, 400))}`)
    }
  }
}

/** Much more than anything takes for so much in a straight line, and much less than the square of it: of the processor's time, for a machine may be busy. */
const patienceMs = 10_000

/** Asserts that a body gives up before it has taken the square of what it should. */
export const inALine = (what: string, body: () => unknown): void => {
  const began = process.cpuUsage()
  try {
    body()
  } finally {
    const { system, user } = process.cpuUsage(began)
    assert.isBelow((system + user) / 1_000, patienceMs, what)
  }
}

/** Long inputs of one thing over and over, within and around a sample, take no more than a line of time. */
export const isLinear = (parse: (text: string) => unknown, samples: ReadonlyArray<string>): void => {
  for (const token of tokens.filter((each) => each !== "")) {
    const long = token.repeat(Math.ceil(150_000 / token.length))
    const sample = samples[0] ?? ""
    const middle = Math.floor(sample.length / 2)
    for (const text of [long, `${sample}${long}x`, `${sample.slice(0, middle)}${long}${sample.slice(middle)}`]) {
      inALine(`${JSON.stringify(token)}, many times over`, () => parse(text))
    }
  }
}
