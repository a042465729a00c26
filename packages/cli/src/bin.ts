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

const directory = cacheDirectory()
if (directory !== undefined) enableCompileCache(directory)

void import("./main.ts")
