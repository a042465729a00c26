/**
 * A plan as a POSIX shell script that does the same work by hand: `sh -eu SCRIPT`, as root.
 *
 * The script has no journal and no rollback; each command is idempotent, so that it can be run again after a failure.
 *
 * @since 0.1.0
 */
import { escape } from "../model/HostText.ts"
import { quote } from "./CommandLine.ts"
import * as Commands from "./Commands.ts"
import { describe } from "./Describe.ts"
import { members } from "./ExportFormat.ts"
import type { Plan } from "./Plan.ts"
import { shellFunctions } from "./ShellFunctions.ts"
import type { Step } from "./Step.ts"

/** `$root`, the result of an earlier step, becomes the variable `"$root"`. */
const deviceWord = (device: string): string => device.startsWith("$") ? `"${device}"` : quote(device)

const words = (argv: Commands.Argv): string => argv.map(quote).join(" ")

/** A command whose argument at the place of `device` may be a variable. */
const withDevice = (argv: Commands.Argv, device: string): string =>
  argv.map((word) => word === device ? deviceWord(word) : quote(word)).join(" ")

const seconds = (milliseconds: number): string => String(Math.max(1, Math.ceil(milliseconds / 1000)))

const call = (name: string, ...args: ReadonlyArray<string | number>): string =>
  [name, ...args.map((arg) => quote(String(arg)))].join(" ")

const fileCommand = (step: Step): string | undefined => {
  switch (step._tag) {
    case "MakeDirectory":
      return call("make_directory", step.path, step.mode, ...(step.group === undefined ? [] : [step.group]))
    case "RemoveDirectory":
      if (step.root === "stays") return call("clear_root", step.path)
      if (step.root === "goes") return call("remove_root", step.path, ...(step.ifEmpty ? ["--ignore-fail-on-non-empty"] : []))
      return `[ ! -d ${quote(step.path)} ] || rmdir ${step.ifEmpty ? "--ignore-fail-on-non-empty " : ""}-- ${quote(step.path)}`
    case "WriteFile":
      return `${step.kept === true ? `${call("require_same", step.path, step.text)}\n` : ""}${call("write_file", step.path, step.mode, step.text)}`
    case "RemoveFile":
      return `rm -f -- ${quote(step.path)} ${quote(`${step.path}.new`)}`
    case "AttachLoop":
      return [
        `${step.result}=$(losetup --noheadings --output NAME --associated ${quote(step.file)} --offset ${step.offset} | head -n 1)`,
        `[ -n "$${step.result}" ] || ${step.result}=$(${words(Commands.attachLoop(step))})`
      ].join("\n")
    case "DetachLoop": {
      const isDetached = `[ "$(losetup --noheadings --output BACK-FILE ${deviceWord(step.device)} 2>/dev/null)" != ${quote(step.file)} ]`
      return `${isDetached} || ${withDevice(Commands.detachLoop(step.device), step.device)} || ${isDetached}`
    }
    case "Mount":
      return `mounted ${deviceWord(step.source)} ${quote(step.target)} || ${withDevice(Commands.mount(step, step.source), step.source)}`
    case "Unmount":
      return call("unmount", step.target, step.timeoutMs, ...(step.detach === true ? ["--detach-loop"] : []))
    case "ExportArchive": {
      const pack = `write_export ${quote(step.files)} ${words(Commands.packExport(step))}`
      const file = quote(step.archive)
      return step.archive === "-" ? pack : `rm -f -- ${file}\n${pack} > ${file}\nsync -- ${file}`
    }
    case "ReceiveArchive":
      return `cat > ${quote(step.file)}`
    case "ImportArchive":
      return `${call("check_export", step.archive)}\n${words(Commands.unpackExport(step))}\n${
        call("check_import", step.directory, members[step.kind], step.spec)
      }\n${words(Commands.syncFileSystem(step.directory))}`
    case "MoveIntoPlace":
      return call("move_into_place", step.from, step.to, step.replace ? "replace" : step.ifThere ? "back" : "new", ...(step.what === undefined ? [] : [step.what]))
    case "RemoveTree":
      return words(Commands.removeTree(step))
    default:
      return undefined
  }
}

const requireMounts = ({ mounts = [] }: Extract<Step, { readonly _tag: "StartContainer" | "Restore" }>): ReadonlyArray<string> =>
  mounts.length === 0 ? [] : [call("require_mounts", ...mounts)]

const containerCommand = (step: Step): string => {
  switch (step._tag) {
    case "StartContainer":
      return [
        ...(step.logSize === undefined ? [] : [call("move_aside", step.logFile, step.logSize)]),
        ...requireMounts(step),
        `timeout ${seconds(step.timeoutMs)} ${words(Commands.startContainer(step))}`
      ].join("\n")
    case "Checkpoint":
      return `${words(Commands.checkCriu)}\ntimeout ${seconds(step.timeoutMs)} ${words(Commands.checkpoint(step))}`
    case "Restore":
      return [
        words(Commands.checkCriu),
        ...requireMounts(step),
        `timeout ${seconds(step.timeoutMs)} ${words(Commands.restore(step))} > /dev/null 2>&1 < /dev/null`
      ].join("\n")
    case "ConfirmLimits":
      return step.limits
        .map((limit) => call("confirm_limit", step.lxcPath, step.name, limit.controller, limit.file, limit.value))
        .join("\n")
    case "ConfirmAlive":
      return call("confirm_alive", step.lxcPath, step.name, step.settleMs)
    case "Freeze":
      return `timeout ${seconds(step.timeoutMs)} ${words(Commands.freeze(step))} || { ${words(Commands.thaw(step))}; false; }`
    case "ForbidForks":
      return call("forbid_forks", step.name, ...step.hierarchies)
    case "SetLimit":
      return call("set_limit", step.lxcPath, step.name, step.controller, step.file, step.value)
    case "RebootInPlace":
      return call("reboot_in_place", step.lxcPath, step.name, step.timeoutMs)
    case "PowerCycle":
      return `echo b > /proc/sysrq-trigger || ${words(Commands.reboot)}`
    case "Thaw":
      return `if [ -e ${quote(`${step.lxcPath}/${step.name}/config`)} ] && ${call("has_monitor", step.lxcPath, step.name)}; then\n  timeout ${
        seconds(step.timeoutMs)
      } ${words(Commands.thaw(step))}\nelse ${call("thaw_groups", step.name)}\nfi`
    case "SignalContainer":
      return call("signal_init", step.lxcPath, step.name, step.signal, step.graceMs)
    case "AwaitStopped":
      return call("await_stopped", step.lxcPath, step.name, step.timeoutMs, step.onTimeout)
    case "KillContainer":
      return call("kill_container", step.lxcPath, step.name, step.timeoutMs, ...step.hierarchies)
    case "DeleteInterface":
      return `[ ! -e ${quote(`/sys/class/net/${step.name}`)} ] || ${words(Commands.deleteInterface(step))}`
    case "RemoveCgroups":
      return step.names.map((name) => call("remove_cgroup", name, ...step.hierarchies)).join("\n")
    default:
      return ""
  }
}

/**
 * The steps as commands, after the functions that they use.
 *
 * @since 0.1.0
 * @category rendering
 */
export const renderShell = (plan: Plan): string => {
  const commands = plan.steps.map((step, index) =>
    `# ${index + 1}. ${describe(step)}\n${fileCommand(step) ?? containerCommand(step)}`
  )
  const body = commands.join("\n\n")
  return [
    "#!/bin/sh",
    `# ${plan.operation} ${plan.instance}: run as root with sh -eu`,
    ...plan.warnings.map((warning) => `# warning: ${escape(warning)}`),
    "set -eu",
    "umask 077",
    "export LC_ALL=C PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ...shellFunctions(body),
    "",
    plan.steps.length === 0 ? "# nothing to do" : body,
    ""
  ].join("\n")
}
