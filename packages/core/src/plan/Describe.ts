/**
 * Steps in words.
 *
 * @since 0.1.0
 */
import { counted } from "../model/AmountText.ts"
import { escape } from "../model/HostText.ts"
import type { Step } from "./Step.ts"

const list = (items: ReadonlyArray<string>): string => items.join(" ")

const signalName = (signal: string): string => signal === "halt" ? "the halt signal" : signal

const waiting = (step: Extract<Step, { readonly _tag: "AwaitStopped" }>): string => {
  const then = { continue: "go on", fail: "give up", freeze: "freeze it again and give up" }[step.onTimeout]
  return `wait until ${step.name} and its monitor are gone, ${step.timeoutMs} ms at most, then ${then}`
}

const part = (step: Extract<Step, { readonly _tag: "AttachLoop" }>): string =>
  step.offset === 0 && step.sizeLimit === 0 ? "" : ` (${step.sizeLimit} bytes from byte ${step.offset})`

const describeFile = (step: Step): string | undefined => {
  switch (step._tag) {
    case "MakeDirectory":
      return `make directory ${step.path} (${step.mode}${step.group === undefined ? "" : `, group ${step.group}`})`
    case "RemoveDirectory":
      if (step.root === "stays") return `remove what LXC made in ${step.path}, if nothing is mounted there`
      return `remove directory ${step.path}${step.ifEmpty ? " if it is empty" : ""}`
    case "WriteFile":
      return `write ${step.path} (${step.mode}, ${step.text.length} characters)`
    case "RemoveFile":
      return `remove ${step.path}`
    case "AttachLoop":
      return `attach ${step.file}${part(step)} to a loop device${step.readOnly ? ", read-only" : ""}: $${step.result}`
    case "DetachLoop":
      return `detach ${step.device} from ${step.file}`
    case "Mount":
      return `mount ${step.source} on ${step.target}${step.options.length === 0 ? "" : ` (${step.options.join(",")})`}`
    case "Unmount":
      return `unmount ${step.target} (${step.source}${step.detach === true ? ", and free it" : ""})`
    case "ExportArchive":
      return `pack ${step.files} and the ${step.kind} ${step.root} into ${step.archive === "-" ? "standard output" : step.archive}, sealed`
    case "ReceiveArchive":
      return `write standard input to ${step.file}`
    case "ImportArchive":
      return `check ${step.archive} and unpack it in ${step.directory}`
    case "MoveIntoPlace":
      return `move ${step.from} to ${step.to}${step.replace ? ", replacing what is there" : ""}`
    case "RemoveTree":
      return `remove ${step.path} with all that is in it`
    default:
      return undefined
  }
}

const describeContainer = (step: Step): string => {
  switch (step._tag) {
    case "StartContainer":
      return `start ${step.name}, ${step.timeoutMs} ms at most`
    case "Checkpoint":
      return `dump the processes of ${step.name} to ${step.directory}${step.stop ? " and end them" : ""}, ${step.timeoutMs} ms at most`
    case "Restore":
      return `bring the processes of ${step.name} back from ${step.directory}, ${step.timeoutMs} ms at most`
    case "ConfirmLimits":
      return `read back ${step.limits.map((limit) => `${limit.file} = ${limit.value}`).join(", ")}`
    case "ConfirmAlive":
      return `see ${step.name} alive for ${step.settleMs} ms`
    case "Freeze":
      return `freeze ${step.name}`
    case "ForbidForks":
      return `let no process of ${step.name} fork`
    case "SetLimit":
      return `set ${step.file} of ${step.name} to ${step.value}, from ${step.previous}`
    case "RebootInPlace":
      return `let LXC reboot ${step.name} in place`
    case "PowerCycle":
      return "restart this host at once"
    case "Thaw":
      return `thaw ${step.name}`
    case "SignalContainer":
      return `send ${signalName(step.signal)} to the first process of ${step.name}`
    case "AwaitStopped":
      return waiting(step)
    case "KillContainer":
      return `kill ${step.name}`
    case "DeleteInterface":
      return `delete interface ${step.name}`
    case "RemoveCgroups":
      return `remove cgroups ${list(step.names)} in ${counted(step.hierarchies.length, "tree")}`
    default:
      return step._tag
  }
}

/**
 * One line that says what a step does.
 *
 * @since 0.1.0
 * @category rendering
 */
export const describe = (step: Step): string => escape(describeFile(step) ?? describeContainer(step))
