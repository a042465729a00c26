/**
 * The catalogue as a document.
 *
 * @since 0.1.0
 */
import type { CatalogueLine } from "./CatalogueLine.ts"

const sections: Readonly<Record<string, string>> = {
  A: "Starts",
  B: "Stops, and what is busy",
  C: "Monitors and first processes that are killed",
  D: "Lists",
  E: "What can be read",
  F: "The rest of a life: reboots, freezing, limits, programs"
}

const cell = (text: string): string => text.replaceAll("|", "\\|")

const layoutsOf = ({ layouts }: CatalogueLine): string => layouts === undefined ? "" : `, cgroups ${layouts.join(" or ")}`

const shownBy = (line: CatalogueLine): string =>
  line.simulatedOnly === undefined ? `simulated, real${layoutsOf(line)}` : `simulated only${layoutsOf(line)}: ${line.simulatedOnly}`

const row = (line: CatalogueLine): string =>
  `| ${cell(line.line.slice("A: ".length))} | ${cell(line.title)} | ${cell(shownBy(line))} |`

/** What was measured and is no line, each with the reason. */
const leftOut: ReadonlyArray<readonly [what: string, why: string]> = [
  ["hooks that fail, last long or are missing; a slow stop hook", "no hook is ever configured, and specs cannot ask for one"],
  ["lxc-start -f, -F, lxc-execute, bad log levels, rcfiles", "containers are started by their name in a lxcpath of the library's own, in the background"],
  ["names with blanks, slashes, newlines and of 252 characters", "an InstanceName is none of these"],
  ["embedded newlines, interface names with slashes, commands in quotes", "values are checked before a config is written"],
  ["rootfs.path that is an image, or loop:IMAGE", "disks are mounted by the library, so that it knows what is in use"],
  ["AppArmor without a policy", "a property of the machine, which facts name under security"],
  ["options of lxc-stop: -t, -W, --nokill", "signals are sent and waited for by the library; of lxc-stop only -k and -r are called"],
  ["umount -l of a root in use, holders in foreign mount namespaces", "nothing here does that to a machine that is worked on"],
  ["what lxc-ls, lxc-info, lxc-wait and lxc-monitor print, and how long they take", "the kernel is asked instead"],
  ["lxc.cgroup.dir, and attached programs in the group .lxc", "groups are pinned by their two names, and counted with all that is below them"],
  ["hotplug of devices and interfaces", "there is no operation for it"],
  ["lxc-console, and the environment of lxc-attach", "a terminal and a second program are needed: the tests of sessions have them"],
  ["create=dir by way of a symbolic link in the guest", "it writes outside of the root: targets of mounts are made by no spec"]
]

const ending: ReadonlyArray<string> = [
  "## Not here",
  "",
  "| what | why |",
  "| --- | --- |",
  ...leftOut.map(([what, why]) => `| ${cell(what)} | ${cell(why)} |`),
  ""
]

/**
 * A table for each section, in Markdown.
 *
 * @since 0.1.0
 * @category rendering
 */
export const markdown = (lines: ReadonlyArray<CatalogueLine>): string => {
  const tables = Object.entries(sections).map(([letter, title]) =>
    [
      `## ${letter}. ${title}`,
      "",
      "| what | how it behaves | shown on |",
      "| --- | --- | --- |",
      ...lines.filter(({ line }) => line.startsWith(`${letter}: `)).map(row),
      ""
    ].join("\n")
  )
  return [
    "# How LXC and Linux behave",
    "",
    "Measured with LXC 5.0.2 on kernel 6.18, with the cgroup trees of v1 and a unified one. Each line is a case: the simulated",
    "host is held to all of them, and a real one to those that it can show. This file is written by",
    "`npm run --silent contract -- --catalogue --markdown > packages/test-kit/CATALOGUE.md`.",
    "",
    ...tables,
    ...ending
  ].join("\n")
}
