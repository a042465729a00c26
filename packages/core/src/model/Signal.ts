/**
 * Names of signals.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { satisfies } from "./Field.ts"

const names: ReadonlySet<string> = new Set([
  "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV",
  "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN",
  "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO", "SIGPOLL", "SIGPWR", "SIGSYS"
])

const realTime = /^SIGRT(?:MIN\+|MAX-)(?:[0-9]|[12][0-9]|30)$/

/**
 * The name of a signal as both signal(7) and LXC spell it: SIGPWR, SIGRTMIN+3.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SignalName = Schema.String.check(
  satisfies("the name of a signal such as SIGPWR or SIGRTMIN+3", (name: string) => names.has(name) || realTime.test(name))
)
