import type { Instance } from "@effect-lxc/core/model/Instance"
import { Hypervisor } from "@effect-lxc/core/runtime/Hypervisor"
import { layer } from "@effect-lxc/node-runtime/NodeHypervisor"
import { Effect } from "effect"
import { execFileSync } from "node:child_process"
import { copyFileSync, mkdirSync } from "node:fs"
import { RealLab } from "../packages/node-runtime/test/RealLab.ts"

/** No settling window: what is measured is the work, not the wait. */
const parameters = { settle: "0 ms", shutdownTimeout: "5s" }

/** The corner of the real host in which everything that is measured runs; opened by one process, used by several. */
export class Lab {
  private readonly real: RealLab
  readonly id: string
  readonly directories: RealLab["directories"]
  readonly files: string
  readonly bridge: string
  readonly lxcPath: string

  constructor(id?: string) {
    this.real = new RealLab(id)
    this.id = this.real.id
    this.directories = this.real.directories
    this.files = this.real.files
    this.bridge = this.real.bridge
    this.lxcPath = this.directories.containers
  }

  /** The run directory is in memory, as /run is where systemd mounts it. It all goes with the process, also by Ctrl-C. */
  open(): void {
    this.real.open()
    mkdirSync(this.directories.run)
    execFileSync("mount", ["-t", "tmpfs", "-o", "mode=711", "tmpfs", this.directories.run], { timeout: 10_000 })
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.once(signal, () => {
        this.close()
        process.exit(130)
      })
    }
  }

  close(): void {
    this.real.close()
  }

  /** A fresh image with a guest that does nothing: one that polls would take the machine from what is measured. */
  image(short: string): string {
    const copy = `${this.files}/${short}.img`
    copyFileSync(this.real.image("busybox"), copy)
    return copy
  }

  instance(short: string, nics: 0 | 1 = 1): Instance {
    return this.real.instance(short, "busybox", {
      disks: [{ path: this.image(short) }],
      nics: nics === 1 ? [{ link: this.bridge }] : [],
      lxc: parameters
    })
  }

  run<A, E>(body: Effect.Effect<A, E, Hypervisor>): Promise<A> {
    return Effect.runPromise(Effect.provide(body, layer({ directories: this.directories })))
  }

  /** Starts so many containers with a nic each. */
  async startFleet(count: number): Promise<ReadonlyArray<Instance>> {
    const instances = Array.from({ length: count }, (_, at) => this.instance(`c${at}`))
    await this.run(Effect.gen(function*() {
      const hypervisor = yield* Hypervisor
      yield* Effect.forEach(instances, (instance) => hypervisor.start(instance), { concurrency: 4, discard: true })
    }))
    return instances
  }
}
