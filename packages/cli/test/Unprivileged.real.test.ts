import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { parseSpec } from "effect-lxc/SpecFile"
import { execFileSync, spawnSync } from "node:child_process"
import * as fs from "node:fs"
import { afterAll, beforeAll } from "vitest"
import { realHost } from "../../../tools/realHost.ts"
import { RealLab } from "../../node-runtime/test/RealLab.ts"
import { inLab } from "../../node-runtime/test/RealTests.ts"

const lab = new RealLab()
const { leavingNothing } = inLab(lab)

/** Runs a program in a guest by LXC itself, and gives what it said and how it ended. */
const inGuest = (name: string, script: string): string => {
  try {
    return execFileSync("lxc-attach", ["-n", name, "-P", lab.directories.containers, "--clear-env", "--", "/bin/sh", "-c", `${script} 2>&1; echo "exit $?"`], {
      encoding: "utf8", timeout: 10_000, stdio: ["ignore", "pipe", "pipe"]
    })
  } catch (error) {
    return String(error)
  }
}

describe.runIf(realHost.available)("the unprivileged profile on real LXC", () => {
  beforeAll(() => lab.open())
  afterAll(() => lab.close())

  it.live("a guest by the unprivileged profile is nobody on the host, and cannot reach what is the host's", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const example = fs.readFileSync(new URL("../../../examples/unprivileged.yaml", import.meta.url), "utf8")
      const text = example.replace("name: guest1", `name: ${lab.name("profile")}`).replace("/srv/images/guest1.img", lab.image("obedient"))
      const instance = yield* parseSpec(`${text}  settle: 300ms\n`, "the example")
      yield* hypervisor.start(instance)
      const { initPid } = yield* hypervisor.info(instance.name)
      const status = fs.readFileSync(`/proc/${initPid}/status`, "utf8")
      assert.match(status, /^Uid:\t100000\t/m)
      assert.match(status, /^NoNewPrivs:\t1$/m)
      assert.match(status, /^Seccomp:\t2$/m)
      const hostName = fs.readFileSync("/proc/sys/kernel/hostname", "utf8")
      const overcommit = fs.readFileSync("/proc/sys/vm/overcommit_memory", "utf8")
      // Each would do no harm if it could be done.
      const attempts = {
        "make a device": "mknod /tmp/disk b 7 0",
        "mount a device of the host": "mount -t ext4 /dev/loop0 /mnt",
        "write a setting of the host": `echo ${overcommit.trim()} > /proc/sys/vm/overcommit_memory`,
        "read the host's memory": "head -c 1 /proc/kcore",
        "mount one by a number of its own": "mknod /dev/shm/disk b 7 0 && mount -t ext4 /dev/shm/disk /mnt",
        "change the host's clock": `date -s "@$(date +%s)"`,
        "load a module": "insmod /bin/busybox"
      }
      for (const [what, script] of Object.entries(attempts)) {
        const said = inGuest(instance.name, script)
        assert.match(said, /exit [1-9]|not permitted/, `${what}: ${said}`)
      }
      assert.match(inGuest(instance.name, "test -e /proc/sys/vm/overcommit_memory"), /exit 0/)
      const pids = inGuest(instance.name, "ls /proc").split(/\s+/).filter((each) => /^\d+$/.test(each)).map(Number)
      assert.isBelow(pids.length, 20)
      assert.include(pids, 1)
      assert.strictEqual(fs.readFileSync("/proc/sys/kernel/hostname", "utf8"), hostName)
      assert.strictEqual(fs.readFileSync("/proc/sys/vm/overcommit_memory", "utf8"), overcommit)
      yield* hypervisor.stop(instance.name, { force: true })
    })), 60_000)

  it.live("no user of the host comes to a set-uid program that such a guest has made", () =>
    leavingNothing(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      const instance = lab.instance("setuid", "obedient", { lxc: { settle: "300ms", idmap: ["b 0 100000 65536"], idmapRoot: "mapped" } })
      yield* hypervisor.start(instance)
      assert.match(inGuest(instance.name, "cp /bin/busybox /tmp/id && /bin/busybox chmod 4755 /tmp/id"), /exit 0/)
      const program = `${lab.directories.rootfs(instance.name)}/tmp/id`
      assert.strictEqual(fs.statSync(program).mode & 0o7777, 0o4755)
      const asUser = spawnSync(program, ["-u"], { uid: 12_345, gid: 12_345, encoding: "utf8", cwd: "/" })
      assert.include(asUser.error?.message, "EACCES")
      yield* hypervisor.stop(instance.name)
    })), 60_000)
})
