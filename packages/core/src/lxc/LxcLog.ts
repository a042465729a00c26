/**
 * What LXC writes into its log.
 *
 * @since 0.1.0
 */

/**
 * A line of the log: its level (ERROR, WARN, NOTICE, INFO …), the place in LXC's sources (`start.c:start:2197`) and what
 * it says.
 *
 * @since 0.1.0
 * @category models
 */
export interface LogLine {
  readonly level: string
  readonly source: string
  readonly message: string
}

/** PROGRAM [NAME] TIME LEVEL CATEGORY - FILE:FUNCTION:LINE - MESSAGE; LXC 1 leaves out the name. */
const pattern =
  /^\s*\S+ (?:\S+ )?[0-9]+\.[0-9]+ (TRACE|DEBUG|INFO|NOTICE|WARN|ERROR|CRIT|ALERT|FATAL) +\S+ - (?:\S*\/)?([^/\s]+:[^\s:]+:[0-9]+) - (.*)$/

/**
 * The lines of a log; what has not their form is left out.
 *
 * @since 0.1.0
 * @category conversions
 */
export const parseLog = (text: string): ReadonlyArray<LogLine> =>
  text.split("\n").flatMap((line) => {
    const [, level, source, message] = pattern.exec(line) ?? []
    return level === undefined || source === undefined || message === undefined ? [] : [{ level, source, message }]
  })

/** Follows from an error that was logged before it. */
const consequences: ReadonlyArray<RegExp> = [
  /^Received container state "ABORTING" instead of "RUNNING"$/,
  /^Failed to receive the container state$/,
  /^An error occurred in another process/,
  /^Failed to spawn container /
]

/** A monitor was asked for a key that it does not know: lxc-attach(1) asks for `lxc.seccomp` each time, and goes on without it. */
const answer = /^confile\.c:get_config_unsupported_key:/

const advice: ReadonlyArray<RegExp> = [
  /^The container failed to start/,
  /^To get more details, run the container in foreground mode/,
  /^Additional information can be obtained by setting/
]

/**
 * The lines of level ERROR (and worse) that say why something failed, in their order: not the advice that lxc-start adds, nor what
 * a monitor was asked for in vain, nor consequences of another error, unless there is nothing else.
 *
 * @since 0.1.0
 * @category accessors
 */
export const errors = (text: string): ReadonlyArray<LogLine> => {
  const worst = parseLog(text).filter(({ level }) => /^(?:ERROR|CRIT|ALERT|FATAL)$/.test(level))
  const without = (lines: ReadonlyArray<LogLine>, patterns: ReadonlyArray<RegExp>) =>
    lines.filter(({ message }) => !patterns.some((each) => each.test(message)))
  const said = without(worst.filter(({ source }) => !answer.test(source)), advice)
  const causes = without(said, consequences)
  return causes.length > 0 ? causes : said
}

/**
 * How the last guest of the log ended, `exit code 3` or `signal 9`, where LXC says so (at level INFO); it says nothing of
 * exit code 0.
 *
 * @since 0.1.0
 * @category accessors
 */
export const childEnd = (text: string): string | undefined => {
  const ends = parseLog(text).flatMap(({ message }) => {
    const [, code, signal] = /^Child <[0-9]+> ended on (?:error \(([0-9]+)\)|signal .*\(([0-9]+)\))$/.exec(message) ?? []
    return code !== undefined ? [`exit code ${code}`] : signal !== undefined ? [`signal ${signal}`] : []
  })
  return ends.at(-1)
}
