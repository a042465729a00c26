import { assert, describe, it } from "@effect/vitest"
import { childEnd, errors, parseLog } from "@effect-lxc/core/lxc/LxcLog"

// LXC 5.0.2, a root file system without /sbin/init.
const missingInit = `lxc-start t1 20261122195325.267 INFO     conf - ../src/lxc/conf.c:setup_utsname:883 - Set hostname to "t1"
lxc-start t1 20261122195325.268 NOTICE   start - ../src/lxc/start.c:start:2194 - Exec'ing "/sbin/init"
lxc-start t1 20261122195325.268 ERROR    start - ../src/lxc/start.c:start:2197 - No such file or directory - Failed to exec "/sbin/init"
lxc-start t1 20261122195325.268 ERROR    sync - ../src/lxc/sync.c:sync_wait:34 - An error occurred in another process (expected sequence number 7)
lxc-start t1 20261122195325.268 ERROR    lxccontainer - ../src/lxc/lxccontainer.c:wait_on_daemonized_start:878 - Received container state "ABORTING" instead of "RUNNING"
lxc-start t1 20261122195325.269 ERROR    start - ../src/lxc/start.c:__lxc_start:2107 - Failed to spawn container "t1"
lxc-start t1 20261122195325.269 WARN     start - ../src/lxc/start.c:lxc_abort:1036 - No such process - Failed to send SIGKILL via pidfd 38 for process 8675
lxc-start t1 20261122195325.271 ERROR    lxc_start - ../src/lxc/tools/lxc_start.c:main:306 - The container failed to start
lxc-start t1 20261122195325.271 ERROR    lxc_start - ../src/lxc/tools/lxc_start.c:main:309 - To get more details, run the container in foreground mode
lxc-start t1 20261122195325.271 ERROR    lxc_start - ../src/lxc/tools/lxc_start.c:main:311 - Additional information can be obtained by setting the --logfile and --logpriority options
`
const exited = `lxc-start t1 20261122195325.924 NOTICE   start - ../src/lxc/start.c:post_start:2205 - Started "/sbin/init" with pid "8688"
lxc-start t1 20261122195325.924 INFO     error - ../src/lxc/error.c:lxc_error_set_and_log:31 - Child <8688> ended on error (3)
`
const killed = `lxc-start t1 20261122195327.214 INFO     error - ../src/lxc/error.c:lxc_error_set_and_log:34 - Child <8711> ended on signal Killed(9)
`

const attached = `lxc-start t1 20261126061623.300 ERROR    confile - ../src/lxc/confile.c:get_config_unsupported_key:170 - Invalid argument - Unsupported config key "lxc.seccomp"
`
const unsupported = `lxc-start t1 20261126061623.300 ERROR    confile - ../src/lxc/confile.c:set_config_unsupported_key:164 - Invalid argument - Unsupported config key "lxc.seccomp"
`

describe("LxcLog", () => {
  it("takes lines apart: level, place and message", () => {
    assert.deepStrictEqual(parseLog(missingInit)[2], {
      level: "ERROR",
      source: "start.c:start:2197",
      message: "No such file or directory - Failed to exec \"/sbin/init\""
    })
    assert.strictEqual(parseLog(missingInit).length, 10)
  })

  it("reads the forms of older releases, with leading blanks and without the name", () => {
    assert.deepStrictEqual(parseLog("      lxc-start 1416000000.123 ERROR    lxc_conf - conf.c:mount_rootfs:900 - failed\n"), [
      { level: "ERROR", source: "conf.c:mount_rootfs:900", message: "failed" }
    ])
  })

  it("leaves out what is no log line", () => {
    assert.deepStrictEqual(parseLog("\nnonsense\nlxc-start t1 ERROR x\n\0\n"), [])
  })

  it("shows the cause and not what follows from it", () => {
    assert.deepStrictEqual(errors(missingInit).map(({ message }) => message), ["No such file or directory - Failed to exec \"/sbin/init\""])
  })

  it("shows the consequences where there is no cause, and never lxc-start's advice", () => {
    const rest = missingInit.split("\n").filter((line) => !line.includes("Failed to exec")).join("\n")
    assert.deepStrictEqual(errors(rest).map(({ source }) => source), [
      "sync.c:sync_wait:34", "lxccontainer.c:wait_on_daemonized_start:878", "start.c:__lxc_start:2107"
    ])
    assert.deepStrictEqual(errors(exited), [])
  })

  it("does not take for a cause what lxc-attach asked the monitor for", () => {
    assert.deepStrictEqual(errors(attached + exited), [])
    assert.deepStrictEqual(errors(attached + unsupported).map(({ source }) => source), ["confile.c:set_config_unsupported_key:164"])
  })

  it("says how the last init ended, and nothing where LXC does not", () => {
    assert.strictEqual(childEnd(exited), "exit code 3")
    assert.strictEqual(childEnd(exited + killed), "signal 9")
    assert.isUndefined(childEnd(missingInit))
    assert.isUndefined(childEnd(""))
  })
})
