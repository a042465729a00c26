import { Arbitraries } from "@effect-lxc/test-kit"
import { Result } from "effect"
import { decodeInstance, type Instance } from "@effect-lxc/core/model/Instance"

/** The instance of a spec that is meant to be right; a refusal fails the test with its message. */
export const instanceOf = (spec: unknown): Instance => Result.getOrThrowWith(decodeInstance(spec), (error) => error)

/** The fields that are refused, each with its message. */
export const problemsIn = (spec: unknown): Record<string, string> => {
  const decoded = decodeInstance(spec)
  const problems = Result.isFailure(decoded) ? decoded.failure.problems : []
  return Object.fromEntries(problems.map(({ message, path }) => [path, message]))
}

export const minimal = { name: "web1.example.com", disks: [{ path: "/srv/images/web1.img" }] }

/** Specs as people write them, all of them right. */
export const writtenSpecs = Arbitraries.writtenSpec

/** Text that somebody may try: line breaks, NUL, quotes, traversal, options, look-alikes, half characters. */
export const hostileTexts = Arbitraries.hostileText
