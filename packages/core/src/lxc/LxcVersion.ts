/**
 * Versions of LXC.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { escape } from "../model/HostText.ts"

/** What is compared of a version. */
type Numbers = Pick<LxcVersion, "major" | "minor" | "patch">

const Part = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 99_999 }))

/**
 * A release of LXC.
 *
 * @since 0.1.0
 * @category models
 */
export class LxcVersion extends Schema.Class<LxcVersion>("effect-lxc/LxcVersion")({
  major: Part,
  minor: Part,
  patch: Part
}) {
  override toString(): string {
    return `${this.major}.${this.minor}.${this.patch}`
  }
}

/**
 * Reads a version as `lxc-start --version` prints it or as people write it: `5.0.2`, `1.0`, `5`, `4.0.0~rc1`. What is not
 * said is 0; a pre-release counts as the release it leads to. Fails with a sentence that says what was expected.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parseLxcVersion = (text: string): Result.Result<LxcVersion, string> => {
  const match = /^\s*([0-9]{1,5})(?:\.([0-9]{1,5}))?(?:\.([0-9]{1,5}))?(?:[~+-][!-~]*|\.[!-~]+)?\s*$/.exec(text)
  return match === null
    ? Result.fail(`expected a version of LXC such as 5.0.2; found "${escape(text.slice(0, 60))}"`)
    : Result.succeed(
      new LxcVersion(
        { major: Number(match[1]), minor: Number(match[2] ?? 0), patch: Number(match[3] ?? 0) },
        { disableChecks: true } // up to five digits are what the schema asks for
      )
    )
}

/**
 * Below 0 where `a` is older than `b`, above 0 where it is newer, 0 where they are the same.
 *
 * @since 0.1.0
 * @category ordering
 */
export const compare = (a: Numbers, b: Numbers): number =>
  a.major - b.major || a.minor - b.minor || a.patch - b.patch

/**
 * Whether a version is `release` (three numbers, `2.1.0`) or newer.
 *
 * @since 0.1.0
 * @category ordering
 */
export const atLeast = (version: LxcVersion, release: Release): boolean => {
  const known = releases.get(release) ?? numbersOf(release)
  releases.set(release, known)
  return compare(version, known) >= 0
}

/** Releases that were asked for: there are few, and each is asked for with every config. */
const releases = new Map<Release, Numbers>()

const numbersOf = (release: Release): Numbers => {
  const [major = 0, minor = 0, patch = 0] = release.split(".").map(Number)
  return { major, minor, patch }
}

/**
 * A release tag of LXC.
 *
 * @since 0.1.0
 * @category models
 */
export type Release = `${number}.${number}.${number}`
