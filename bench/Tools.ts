import { execFile, spawn } from "node:child_process"
import { promisify } from "node:util"

const execute = promisify(execFile)

/** Runs a program to its end, as a shell would, and throws where it fails or takes longer than a minute. */
export const program = (command: string, args: ReadonlyArray<string>, input = ""): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["pipe", "ignore", "pipe"], timeout: 60_000, killSignal: "SIGKILL" })
    let said = ""
    child.stderr.on("data", (part: Buffer) => (said += part.toString()))
    child.on("error", reject)
    child.on("exit", (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(" ")} ended with ${code ?? signal}: ${said}`)))
    child.stdin.on("error", () => undefined) // it does not read what it is not interested in
    child.stdin.end(input)
  })

/** Attaches an image to a loop device, and gives that. */
export const attached = async (image: string): Promise<string> =>
  (await execute("losetup", ["--find", "--show", image], { timeout: 60_000 })).stdout.trim()

export const lxc = (tool: string, ...args: ReadonlyArray<string>): Promise<void> => program(tool, args)

/** A script under dash, where that is the sh of this machine. */
export const script = (text: string): Promise<void> => program("sh", ["-eu"], text)
