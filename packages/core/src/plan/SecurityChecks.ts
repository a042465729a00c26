/**
 * What a host must have for the confinement that an instance asks for.
 *
 * @since 0.1.0
 */
import { pathAt } from "../host/FactsIndex.ts"
import type { HostFacts, Security } from "../host/HostFacts.ts"
import { idRanges } from "../model/IdMap.ts"
import type { Instance } from "../model/Instance.ts"
import { seccompProfile } from "../model/LxcParameters.ts"
import type { Rejection } from "./PlanRejected.ts"

const checkSeccomp = ({ lxc }: Instance, facts: HostFacts): ReadonlyArray<Rejection> => {
  const path = seccompProfile(lxc)
  const kind = path === undefined ? undefined : pathAt(facts, path)?.kind
  if (kind === undefined || kind === "file") return []
  return [{
    code: "seccomp-missing",
    field: "lxc.seccomp",
    message: kind === "missing" ? `there is no seccomp profile at ${path}` : `${path} is not a file`,
    advice: "name a file with a profile (lxc.container.conf(5)), or default for that of LXC where it ships one"
  }]
}

const checkAppArmor = ({ lxc }: Instance, { appArmor }: Security): ReadonlyArray<Rejection> => {
  const profile = lxc.apparmor
  if (profile === undefined || profile === "unconfined") return []
  const field = "lxc.apparmor"
  if (appArmor === null) {
    return [{
      code: "apparmor-missing",
      field,
      message: "this host has no AppArmor, and LXC would run without the profile",
      advice: "leave it out, or boot a kernel with AppArmor"
    }]
  }
  return profile === "generated" || profile === "unchanged" || appArmor.includes(profile) ? [] : [{
    code: "apparmor-profile-missing",
    field,
    message: `no AppArmor profile ${profile} is loaded`,
    advice: "load it with apparmor_parser, or name one that is"
  }]
}

const checkIdMap = ({ lxc }: Instance, { subIds }: Security): ReadonlyArray<Rejection> =>
  idRanges(lxc.idmap).flatMap(({ count, host, index, kind }): ReadonlyArray<Rejection> => {
    const file = kind === "u" ? "/etc/subuid" : "/etc/subgid"
    const known = kind === "u" ? subIds.users : subIds.groups
    const field = `lxc.idmap[${index}]`
    const line = lxc.idmap[index] ?? ""
    const taken = known.find((each) => !each.root && each.start < host + count && host < each.start + each.count)
    if (taken !== undefined) {
      return [{
        code: "ids-of-another",
        field,
        message: `"${line}" overlaps "${taken.line}" of ${file}, which are another user's`,
        advice: "choose ids that belong to nobody else"
      }]
    }
    const given = known.some((each) => each.root && each.start <= host && host + count <= each.start + each.count)
    return given || !subIds.required ? [] : [{
      code: "ids-not-given",
      field,
      message: `"${line}" is not within what ${file} gives to root`,
      advice: `add a line to it, such as root:${host}:${count}`
    }]
  })

/**
 * Every word of confinement that this host cannot keep. Of what the facts do not say nothing is checked.
 *
 * @since 0.1.0
 * @category planners
 */
export const checkSecurity = (instance: Instance, facts: HostFacts): ReadonlyArray<Rejection> => [
  ...checkSeccomp(instance, facts),
  ...(facts.security === undefined ? [] : [...checkAppArmor(instance, facts.security), ...checkIdMap(instance, facts.security)])
]

/**
 * What the words of confinement do not keep, though they may look so: root of the guest that is root of the host.
 *
 * @since 0.1.0
 * @category planners
 */
export const securityWarnings = ({ lxc }: Instance): ReadonlyArray<string> => {
  const rooted = new Set(idRanges(lxc.idmap).filter(({ guest, host }) => guest === 0 && host === 0).map(({ index }) => index))
  return [...rooted].map((index) =>
    `lxc.idmap[${index}]: "${lxc.idmap[index]}" makes root of the guest root of the host: it is not confined by its ids`
  )
}
