#!/usr/bin/env node
/**
 * The entry of the bundle: the command line, with what V8 made of it last time.
 *
 * @since 0.1.0
 */
import { enableCompileCache } from "node:module"

/**
 * Not in /tmp, where Node would keep it: another user could be there first, and what is read from it is run. Root's
 * is not below HOME, which sudo(8) may leave to be another user's.
 */
const cacheDirectory = (): string | undefined => {
  if (process.getuid?.() === 0) return "/var/cache/effect-lxc"
  const { HOME, XDG_CACHE_HOME } = process.env
  if (XDG_CACHE_HOME?.startsWith("/") === true) return `${XDG_CACHE_HOME}/effect-lxc`
  return HOME?.startsWith("/") === true ? `${HOME}/.cache/effect-lxc` : undefined
}

/** An older one has not even all that the first lines of this program call. */
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`effect-lxc: this needs Node 22.19 or later on PATH, and is run by Node ${process.versions.node}\n`)
  process.exit(1)
}

const directory = cacheDirectory()
if (directory !== undefined) enableCompileCache(directory)

void import("./main.ts")
