#!/bin/sh
# sh tools/run.sh COMMAND [ARGS…]: sets up what is missing, then runs COMMAND.
#
# This is what `npm run demo`, `npm test` and `npm run effect-lxc` call. Everything that set-up says goes to
# stderr, because stdout belongs to the command. When nothing is missing it only reads a few files: no network,
# no write, no package manager.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
pnpm_version=12.21.0
pnpm_home=$root/.toolchain/pnpm-$pnpm_version
node_home=$root/tools/node
stamp=$root/node_modules/.effect-lxc-stamp
bundle=$root/packages/cli/dist/bundle/effect-lxc.cjs
compile_cache=$root/.toolchain/compile-cache
node_wanted='Node 22.19 or later (not 23 or 25)'

say() { printf 'effect-lxc: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# For tools that hold set-up together: their stdout would be taken for the command's, their stdin is the command's
# (a spec may come through it), and fd 9 is the set-up lock, which must not outlive us in a child.
quietly() { "$@" </dev/null >&2 9>&-; }

# --- Node -----------------------------------------------------------------------------------------------------

# Effect and vitest need 22.19, the first line that runs TypeScript as it is; 23 and 25 never had long-term support.
good_node() {
  version=$("$1" -v 2>/dev/null) || return 1
  version=${version#v}
  major=${version%%.*}
  minor=${version#*.}
  minor=${minor%%.*}
  case $major in
    '' | *[!0-9]* | 23 | 25) return 1 ;;
    22) [ "$minor" -ge 19 ] ;;
    *) [ "$major" -ge 24 ] ;;
  esac
}

# Succeeds when `node` on PATH will do, putting our own there if the user's is too old.
node_ready() {
  good_node node && return 0
  good_node "$node_home/node_modules/.bin/node" || return 1
  PATH=$node_home/node_modules/.bin:$PATH
  export PATH
}

install_node() {
  [ "$(uname -s)" = Linux ] ||
    die "this needs $node_wanted: install it from https://nodejs.org or with your package manager, and run this again"
  say 'installing Node 24 into tools/node (the Node on PATH is missing or too old)'
  # What is left of a failed attempt would count as installed, and what failed is a mere warning: each of the two
  # Nodes is optional to pnpm.
  rm -rf "$node_home/node_modules"
  { pnpm_install "$node_home" warn && [ -x "$node_home/node_modules/.bin/node" ]; } ||
    die "Node could not be fetched: connect to the network, or put $node_wanted on PATH"
  node_ready || die "the Node fetched into tools/node does not run here: put $node_wanted on PATH"
}

# --- pnpm -----------------------------------------------------------------------------------------------------

pnpm_ready() {
  # Ours first: it needs no Node, and finding out the version of another may cost a Node start.
  if [ -x "$pnpm_home/node_modules/.bin/pnpm" ]; then
    pnpm=$pnpm_home/node_modules/.bin/pnpm
    return 0
  fi
  # The prompt would come from Corepack's stand-in for pnpm.
  major=$(COREPACK_ENABLE_DOWNLOAD_PROMPT=0 pnpm --version 2>/dev/null </dev/null 9>&-) || return 1
  major=${major%%.*}
  case $major in '' | *[!0-9]*) return 1 ;; esac
  [ "$major" -ge 11 ] || return 1
  pnpm=pnpm
}

install_pnpm() {
  have npm || die "pnpm 11 or later is missing and so is npm to fetch it with: put either on PATH"
  say "installing pnpm $pnpm_version into .toolchain"
  # Beside its place first: a run that is killed half-way must not leave something that looks installed.
  rm -rf "$pnpm_home.part"
  mkdir -p "$pnpm_home.part"
  # --prefix would move npm's global configuration, and with it a company's registry or certificates, out of sight.
  quietly npm install --prefix "$pnpm_home.part" --globalconfig "$(npm config get globalconfig 2>/dev/null </dev/null)" \
    --no-audit --no-fund --loglevel=error --fetch-retries=1 --fetch-retry-mintimeout=1000 "pnpm@$pnpm_version" ||
    die "pnpm $pnpm_version could not be fetched: connect to the network, or put pnpm 11 or later on PATH"
  rm -rf "$pnpm_home"
  mv "$pnpm_home.part" "$pnpm_home"
  pnpm_ready || die "pnpm $pnpm_version does not run here: put pnpm 11 or later on PATH"
}

pnpm_install() {
  pnpm_ready || install_pnpm
  # Without a terminal pnpm would refuse to replace a node_modules that another version of it laid out. Its retries
  # would let someone without a network wait for more than a minute.
  quietly "$pnpm" --dir "$1" install --frozen-lockfile --prefer-offline --loglevel="$2" \
    --config.confirmModulesPurge=false --config.fetchRetryMintimeout=1000 --config.fetchRetryMaxtimeout=5000
}

# --- the workspace --------------------------------------------------------------------------------------------

# What an installation depends on: if this is as it was, pnpm need not be asked.
fingerprint() (
  cd "$root"
  uname -sm
  cksum pnpm-lock.yaml pnpm-workspace.yaml package.json packages/*/package.json
)

workspace_ready() { [ -f "$stamp" ] && [ "$(fingerprint)" = "$(cat "$stamp")" ]; }

# Needs no network, and says nothing.
lockfile_current() {
  "$pnpm" --dir "$root" install --frozen-lockfile --lockfile-only </dev/null >/dev/null 2>&1 9>&-
}

# What a new package needs is added; what the others have stays as it is.
renew_lockfile() {
  node_ready || install_node
  pnpm_ready || install_pnpm
  quietly "$pnpm" --dir "$root" install --lockfile-only --prefer-offline --loglevel=error ||
    die 'pnpm-lock.yaml could not be brought up to date: see the lines above'
  say 'pnpm-lock.yaml has what each package.json asks for'
}

install_workspace() {
  say 'installing the packages of pnpm-lock.yaml into node_modules'
  rm -f "$stamp"
  if ! pnpm_install "$root" error; then
    lockfile_current ||
      die 'a package.json asks for what pnpm-lock.yaml has not: bring that up to date with "npm run lockfile", and run this again'
    die 'the packages of pnpm-lock.yaml could not be installed: see the lines above; if the network is missing, connect to it once and run this again'
  fi
  fingerprint >"$stamp"
}

# --- the command line -----------------------------------------------------------------------------------------

# What the bundle is made of. A file that went away leaves a directory that was changed.
bundle_ready() {
  [ -f "$bundle.made" ] && [ -z "$(
    cd "$root" && find pnpm-lock.yaml package.json tools/bundle.ts tools/eager.ts packages/*/package.json packages/*/src -newer "$bundle.made"
  )" ]
}

make_bundle() {
  mkdir -p "${bundle%/*}"
  # As old as what is read now: a file that is written meanwhile is newer.
  : >"$bundle.part"
  quietly node --disable-warning=ExperimentalWarning "$root/tools/bundle.ts" || return 1
  # The files have other names now.
  rm -rf "$compile_cache"
  mv "$bundle.part" "$bundle.made"
}

# Asked again under the lock: the run before us may have done it.
renew_bundle() { bundle_ready || make_bundle; }

# The path of the command line: its bundle, and its sources where that cannot be.
command_line() {
  if ! bundle_ready; then
    main=$root/packages/cli/src/main.ts
    # A checkout that we only may read is nothing to complain about.
    { [ -w "$root" ] && [ -w "$root/packages/cli" ]; } || return 0
    locked renew_bundle || { say 'the bundle of the command line could not be made: it starts from its sources'; return 0; }
  fi
  main=$bundle
}

make_packages() {
  # What is left of a source that is gone would be published as well.
  rm -rf "$root"/packages/*/dist
  quietly "$root/node_modules/.bin/tsc" -b "$root/packages/cli" && make_bundle
}

# --- system packages ------------------------------------------------------------------------------------------

# A root shell started by su has no sbin on PATH.
system_command() { PATH=$PATH:/usr/sbin:/usr/bin:/sbin:/bin command -v "$1" >/dev/null 2>&1; }

# The busybox of the Debian package `busybox` is linked dynamically and does not start in an empty container.
static_busybox() {
  for busybox in /bin/busybox /usr/bin/busybox; do
    [ -x "$busybox" ] && ! ldd "$busybox" 2>/dev/null | grep -q '=>' && return 0
  done
  return 1
}

missing_packages() {
  missing=
  system_command lxc-start || missing="$missing lxc"
  static_busybox || missing="$missing busybox-static"
  system_command ip || missing="$missing iproute2"
  system_command mkfs.ext4 || missing="$missing e2fsprogs"
  system_command findmnt || missing="$missing util-linux"
  # In Debian a package apart from util-linux.
  { system_command mount && system_command losetup; } || missing="$missing mount"
  missing=${missing# }
}

apt() {
  # Another apt at work is waited for, not a failure.
  quietly env DEBIAN_FRONTEND=noninteractive NEEDRESTART_MODE=l apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}

install_system() {
  for package in $missing; do say "installing the Debian package $package"; done
  apt update || say 'apt-get update failed: going on with the package lists that are here'
  # One word per package is meant.
  # shellcheck disable=SC2086
  apt install -y --no-install-recommends $missing
}

# A question for help needs none. Never fails the run but where CI promises a real host: without LXC the demo is simulated and its tests are skipped.
system_packages() {
  [ "$help_asked" = no ] || return 0
  [ "$(uname -s)" = Linux ] || return 0
  missing_packages
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    say "no real host: $missing not installed, and only root can do that"
    return 0
  fi
  if have apt-get; then
    locked install_system || true
    missing_packages
    [ -n "$missing" ] || return 0
    problem="$missing could not be installed with apt-get"
  else
    problem="$missing not found, and there is no apt-get here to install it"
  fi
  [ "${CI:-}" != true ] || die "$problem: with CI=true and root that is a failure; provide it on this machine's image"
  say "no real host: $problem"
}

# --- set-up ---------------------------------------------------------------------------------------------------

# Two first runs at once would write into each other's node_modules. The kernel drops the lock with its holder.
locked() {
  mkdir -p "$root/.toolchain" || die "set-up has to write into $root, and may not: give this user the right to, or run it once as the owner"
  if have flock; then
    exec 9>"$root/.toolchain/lock"
    flock -n 9 || { say 'waiting for another run to finish its set-up'; flock 9; }
  fi
  status=0
  "$@" || status=$?
  exec 9>&-
  return "$status"
}

set_up() {
  # Asked again under the lock: the run before us may have done it.
  node_ready || install_node
  workspace_ready || install_workspace
}

javascript() {
  { node_ready && workspace_ready; } || locked set_up
}

# Type stripping is still announced as experimental by Node 22.
run_node() { exec node --disable-warning=ExperimentalWarning "$@"; }

# npm and pnpm run scripts at the root of the package; the user's relative paths are meant from where the user is.
callers_directory() {
  if [ -n "${npm_lifecycle_event:-}" ] && [ -n "${INIT_CWD:-}" ] && [ "$(pwd -P)" = "$(cd "$root" && pwd -P)" ]; then
    cd "$INIT_CWD"
  fi
}

# What V8 made of the code last time saves a good part of the start.
cli() {
  callers_directory
  export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$compile_cache}"
  run_node "$@"
}

usage() {
  cat >&2 <<END
usage: sh tools/run.sh COMMAND [ARGS…]

  demo        the main job from start to stop, on real LXC where that can run, else simulated
  test        types, lint and all tests; ARGS go to vitest
  check       types and lint only
  build       the packages as they are published, the command line as a bundle
  contract    what every implementation of Host promises, and which of them keeps it
  differential
              random operations on the simulated and the real host side by side; --help says more
  explore     seeds, faults and interleavings on the simulated host; --help says more
  bench       measures on this machine, and says which goals hold; --help shows its options
  mutants     changes to the simulated host that no test sees; ARGS are files of it
  lockfile    after a change of a package.json: pnpm-lock.yaml gets what that asks for
  effect-lxc  the command line
END
}

[ $# -gt 0 ] || { usage; exit 2; }
name=$1
shift
# pnpm hands the -- of `pnpm NAME -- ARGS` on, npm does not.
[ "${1:-}" != -- ] || shift

help_asked=no
for word in "$@"; do [ "$word" != --help ] || help_asked=yes; done

case $name in
  demo)
    javascript
    system_packages
    command_line
    cli "$root/tools/demo.ts" "$main" "$@"
    ;;
  test)
    javascript
    system_packages
    run_node "$root/tools/test.ts" "$@"
    ;;
  check)
    javascript
    run_node "$root/tools/check.ts" "$@"
    ;;
  build)
    javascript
    locked make_packages
    ;;
  contract)
    javascript
    system_packages
    run_node "$root/tools/contract.ts" "$@"
    ;;
  differential)
    javascript
    system_packages
    run_node "$root/tools/differential.ts" "$@"
    ;;
  explore)
    javascript
    callers_directory
    run_node "$root/tools/explore.ts" "$@"
    ;;
  bench)
    javascript
    system_packages
    command_line
    cli "$root/bench/main.ts" "$@"
    ;;
  lockfile)
    locked renew_lockfile
    ;;
  mutants)
    javascript
    run_node "$root/tools/mutants.ts" "$@"
    ;;
  effect-lxc)
    javascript
    command_line
    cli "$main" "$@"
    ;;
  *)
    say "no command is called $name"
    usage
    exit 2
    ;;
esac
