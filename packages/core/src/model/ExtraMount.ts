/**
 * What of the host a guest sees beside its disks.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { defaultsTo, matches, refuses, satisfies } from "./Field.ts"
import { GuestPath } from "./GuestPath.ts"
import { HostPath } from "./HostPath.ts"

/** Words that make it something else than a mount that is there or fails the start. */
const refusals: ReadonlyArray<readonly [pattern: RegExp, reason: string]> = [
  [/^create=/, "LXC would make it through the guest's own symbolic links, anywhere on the host; make the target in the guest"],
  [/^(?:optional|nofail)$/, "a mount that was asked for and is missing must fail the start"],
  [/^relative$/, "the target is relative to the guest's root already"],
  [/^idmap=/, "it is not for a spec to choose"],
  [/^(?:lowerdir|upperdir|workdir)=/, "the file systems that can be had have no layers"],
  [/^(?:loop|offset|sizelimit|move|remount|r?shared|r?slave|r?private|r?unbindable|[xX]-.*|u?helper|users?|owner|group|comment)(?:=|$)/,
    "it does not say how to mount this"]
]

const ExtraMountOption = Schema.String.check(
  matches("one mount option such as ro, bind or size=16m", /^[A-Za-z0-9_][A-Za-z0-9_.:/+@=-]{0,127}$/),
  refuses((option) => {
    const reason = refusals.find(([pattern]) => pattern.test(option))?.[1]
    return reason === undefined ? undefined : `${option} is refused: ${reason}`
  })
)

const isHostPath = Schema.is(HostPath)

const Source = Schema.String.check(
  satisfies(
    "an absolute path of the host without . or .. components or control characters, or tmpfs",
    (source: string) => source === "tmpfs" || isHostPath(source),
    { pattern: "^(/|tmpfs$)" }
  ),
  refuses((source) => source === "/" ? "is the host's own root; a container must not see it" : undefined)
)

/**
 * A file or directory of the host that is bound to a place in the guest, or a tmpfs there. The place must be there in the
 * guest: nothing is made for it. `options` are those of mount(8), where `bind` goes without saying; `rbind` also binds what
 * is mounted below the source.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ExtraMount = Schema.Struct({
  source: Source,
  target: GuestPath,
  options: defaultsTo(Schema.Array(ExtraMountOption), [])
}).check(Schema.makeFilter(({ options, source }) =>
  source === "tmpfs" && options.some((option) => option === "bind" || option === "rbind")
    ? { path: ["options"], issue: "a tmpfs is made, not bound" }
    : undefined
))

/**
 * @since 0.1.0
 * @category models
 */
export type ExtraMount = typeof ExtraMount.Type
