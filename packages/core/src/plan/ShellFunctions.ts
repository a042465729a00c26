/**
 * What the shell rendering of steps needs beyond single commands.
 *
 * @since 0.1.0
 */

import { scaffolding } from "../lxc/Scaffolding.ts"

/** Each function with those that it calls. All are POSIX sh with the tools of util-linux, iproute2 and LXC. */
const functions: Readonly<Record<string, readonly [source: string, ...uses: ReadonlyArray<string>]>> = {
  fail: ['fail() { printf "%s\\n" "$*" >&2; exit 1; }'],
  now: ['now() { read -r up rest < /proc/uptime; printf "%s\\n" "$(( ${up%.*} * 1000 + 1${up#*.} * 10 - 1000 ))"; }'],
  make_directory: [
    'make_directory() { [ -d "$1" ] || { mkdir -p -m "$2" -- "$1" && [ -z "${3-}" ] || chgrp -- "$3" "$1"; }; }'
  ],
  write_file: [
    'write_file() { printf "%s" "$3" > "$1.new"; chmod "$2" "$1.new"; sync "$1.new"; mv -f -- "$1.new" "$1"; }'
  ],
  require_same: [
    'require_same() { ! is_there "$1" || printf "%s" "$2" | cmp -s - "$1" || fail "$1 holds another text"; } # PATH TEXT',
    "fail",
    "is_there"
  ],
  mounted: [
    `mounted() { # SOURCE TARGET: true if SOURCE is on TARGET, false if nothing is; fails if something else is
  on=$(findmnt --noheadings --first-only --output MAJ:MIN --mountpoint "$2") || return 1
  case $1 in
    tmpfs|overlay)
      [ "$(findmnt --noheadings --first-only --output FSTYPE --mountpoint "$2")" = "$1" ] || fail "another file system is mounted on $2"
      return ;;
  esac
  if [ -d "$1" ]; then
    [ "$(stat -c %d:%i -- "$1")" = "$(stat -c %d:%i -- "$2")" ] || fail "another file system is mounted on $2"
  else
    [ "$on" -a "$(lsblk --noheadings --nodeps --output MAJ:MIN -- "$1" | tr -d ' ')" = "$(printf %s "$on" | tr -d ' ')" ] ||
      fail "another file system is mounted on $2"
  fi
}`,
    "fail"
  ],
  unmount: [
    `unmount() { # TARGET MILLISECONDS [OPTION]
  unmount_by=$(( $(now) + $2 ))
  while mountpoint -q -- "$1"; do
    ! umount --no-canonicalize \${3-} -- "$1" 2>/dev/null || return 0
    [ "$(now)" -lt "$unmount_by" ] || fail "$1 stays busy: $(fuser -vm "$1" 2>&1 || true)"
    sleep 0.05
  done
}`,
    "fail",
    "now"
  ],
  has_monitor: [
    `has_monitor() { # LXCPATH NAME
  grep -q -F -x -e "@$1/$2/command" <<SOCKETS
$(sed -n 's/^[^@]* 00010000 [^@]*@/@/p' /proc/net/unix)
SOCKETS
}`
  ],
  init_pid: [
    `init_pid() { # LXCPATH NAME: prints the pid of the first process, or nothing
  monitor=$(cat "$1/$2/monitor.pid" 2>/dev/null) || return 0
  pid=$(cat "/proc/$monitor/task/$monitor/children" 2>/dev/null) || return 0
  pid=\${pid%% *}
  case $(sed -n 's/^State:[[:space:]]*//p' "/proc/$pid/status" 2>/dev/null) in
    [ZX]*|"") ;;
    *) printf "%s\\n" "$pid" ;;
  esac
}`
  ],
  confirm_alive: [
    `confirm_alive() { # LXCPATH NAME MILLISECONDS
  init=$(init_pid "$1" "$2")
  [ -n "$init" ] || fail "the first process of $2 is not alive"
  alive_until=$(( $(now) + $3 ))
  while [ "$(now)" -lt "$alive_until" ]; do
    sleep 0.05
    [ "$(init_pid "$1" "$2")" = "$init" ] || fail "the first process of $2 ended"
  done
}`,
    "fail",
    "now",
    "init_pid"
  ],
  cgroup_of: [
    `cgroup_of() { # LXCPATH NAME CONTROLLER: prints the directory of the container's cgroup
  init=$(init_pid "$1" "$2")
  tree=$(awk -v c="$3" '$3 == "cgroup" && index("," $4 ",", "," c ",") { print $2; exit }' /proc/self/mounts)
  if [ -n "$tree" ]; then
    group=$(awk -F: -v c="$3" 'index("," $2 ",", "," c ",") { print $3; exit }' "/proc/$init/cgroup")
  else
    tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
    group=$(sed -n 's/^0:://p' "/proc/$init/cgroup")
  fi
  top=\${group#/}
  printf "%s\\n" "$tree/\${top%%/*}"
}`,
    "init_pid"
  ],
  confirm_limit: [
    `confirm_limit() { # LXCPATH NAME CONTROLLER FILE VALUE
  limited=$(cgroup_of "$1" "$2" "$3")
  found=$(cat "$limited/$4")
  [ "$found" = "$5" ] || fail "$limited/$4 should be $5 and is $found"
}`,
    "fail",
    "cgroup_of"
  ],
  set_limit: [
    'set_limit() { limited=$(cgroup_of "$1" "$2" "$3"); printf "%s" "$5" > "$limited/$4"; }',
    "cgroup_of"
  ],
  forbid_forks: [
    `forbid_forks() { # NAME HIERARCHY...
  group=lxc.payload.$1
  shift
  for tree; do
    [ ! -e "$tree/$group/pids.max" ] || echo 0 > "$tree/$group/pids.max"
  done
}`
  ],
  reboot_in_place: [
    `reboot_in_place() { # LXCPATH NAME MILLISECONDS
  before=$(init_pid "$1" "$2")
  reboot_by=$(( $(now) + $3 ))
  timeout $(( $3 / 1000 + 5 )) lxc-stop -r -t $(( ($3 + 999) / 1000 )) -n "$2" -P "$1"
  while after=$(init_pid "$1" "$2"); [ -z "$after" ] || [ "$after" = "$before" ]; do
    [ "$(now)" -lt "$reboot_by" ] || fail "$2 did not come back within $3 ms"
    sleep 0.02
  done
}`,
    "fail",
    "now",
    "init_pid"
  ],
  signal_init: [
    `signal_init() { # LXCPATH NAME SIGNAL MILLISECONDS
  init=$(init_pid "$1" "$2")
  [ -n "$init" ] || return 0
  signal_by=$(( $(now) + $4 ))
  while :; do
    caught=$(( 0x$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$init/status") | 0x$(sed -n 's/^SigBlk:[[:space:]]*//p' "/proc/$init/status") ))
    case $3 in
      halt) if [ $(( caught >> 36 & 1 )) -eq 1 ]; then signal=37; else signal=30; fi ;;
      *) signal=$(kill -l "\${3#SIG}" 2>/dev/null || printf "%s" "\${3#SIG}") ;;
    esac
    case $signal in *[!0-9]*) break ;; esac
    [ $(( caught >> (signal - 1) & 1 )) -eq 0 ] && ! grep -q sigtimedwait "/proc/$init/wchan" &&
      [ "$(now)" -lt "$signal_by" ] || break
    sleep 0.05
  done
  kill -s "$signal" "$init" 2>/dev/null || kill "-$signal" "$init"
}`,
    "now",
    "init_pid"
  ],
  populated: [
    `populated() { # NAME
  for events in /sys/fs/cgroup/lxc.payload."$1"/cgroup.events /sys/fs/cgroup/*/lxc.payload."$1"/cgroup.events; do
    [ ! -e "$events" ] || ! grep -q "^populated 1" "$events" || return 0
  done
  return 1
}`
  ],
  in_vain: [
    `in_vain() { # LXCPATH NAME: whether only a monitor is left, and that is stopped by a signal
  ! populated "$2" && monitor=$(cat "$1/$2/monitor.pid" 2>/dev/null) && grep -q "^State:[[:space:]]*[Tt]" "/proc/$monitor/status"
}`,
    "populated"
  ],
  thaw_groups: [
    `thaw_groups() { # NAME
  awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/self/mounts | while read -r tree; do
    group=$tree/lxc.payload.$1
    [ ! -e "$group/cgroup.freeze" ] || echo 0 > "$group/cgroup.freeze"
    [ ! -e "$group/freezer.state" ] || echo THAWED > "$group/freezer.state"
  done
}`
  ],
  await_stopped: [
    `await_stopped() { # LXCPATH NAME MILLISECONDS continue|fail|freeze
  stopped_by=$(( $(now) + $3 ))
  while has_monitor "$1" "$2" || populated "$2"; do
    [ "$4" != continue ] || ! in_vain "$1" "$2" || return 0
    if [ "$(now)" -ge "$stopped_by" ]; then
      case $4 in
        continue) return 0 ;;
        freeze) timeout 10 lxc-freeze -n "$2" -P "$1" ;;
      esac
      fail "$2 did not end within $3 ms and goes on running"
    fi
    sleep 0.02
  done
}`,
    "fail",
    "now",
    "has_monitor",
    "populated",
    "in_vain"
  ],
  kill_container: [
    `kill_container() { # LXCPATH NAME MILLISECONDS HIERARCHY...
  lxcpath=$1 name=$2 limit=$(( ($3 + 999) / 1000 ))
  shift 3
  ! has_monitor "$lxcpath" "$name" || timeout -k 1 "$limit" lxc-stop -k -n "$name" -P "$lxcpath" || :
  for tree; do
    group=$tree/lxc.payload.$name
    [ ! -e "$group/cgroup.kill" ] || echo 1 > "$group/cgroup.kill"
    [ ! -e "$group/freezer.state" ] || find "$group" -name freezer.state -execdir sh -c 'echo THAWED > freezer.state' \\;
    for procs in "$group/cgroup.procs" "$tree/lxc.monitor.$name/cgroup.procs"; do
      [ ! -e "$procs" ] || while read -r pid; do kill -9 "$pid" 2>/dev/null || :; done < "$procs"
    done
  done
}`,
    "has_monitor"
  ],
  write_export: [
    `write_export() { # FILES TAR...: what TAR prints and its seal, to standard output
  export_files=$1
  shift
  rm -f -- "$export_files/pipe" "$export_files/failed"
  mkfifo -- "$export_files/pipe"
  sha256sum < "$export_files/pipe" > "$export_files/SHA256SUM" &
  { "$@" || : > "$export_files/failed"; } | tee -- "$export_files/pipe"
  wait
  [ ! -e "$export_files/failed" ] || fail "the root could not be packed"
  tar --create --format=ustar --blocking-factor=20 --directory="$export_files" --file=- -- SHA256SUM
  rm -f -- "$export_files/pipe" "$export_files/SHA256SUM"
}`,
    "fail"
  ],
  check_export: [
    `check_export() { # ARCHIVE
  sealed=$(tail -c 10240 -- "$1" | tar --extract --to-stdout --file=- SHA256SUM 2>/dev/null) || sealed=
  [ "$(head -c -10240 -- "$1" | sha256sum)" = "$sealed" ] || fail "$1 is damaged or cut off, or no export"
}`,
    "fail"
  ],
  check_import: [
    `check_import() { # DIRECTORY ROOT SPEC
  [ "$(cat -- "$1/spec.json"; echo .)" = "$3." ] || fail "$1 holds another spec than was planned for"
  if [ "$2" = root ]; then [ -d "$1/root" ]; else [ -f "$1/root.img" ]; fi && [ ! -L "$1/$2" ] || fail "$1/$2 is no root"
}`,
    "fail"
  ],
  move_aside: [
    'move_aside() { [ ! -f "$1" ] || [ "$(stat -c %s -- "$1")" -le "$2" ] || mv -f -- "$1" "$1.1"; }'
  ],
  is_there: ['is_there() { [ -e "$1" ] || [ -L "$1" ]; }'],
  require_mounts: [
    'require_mounts() { for at; do mountpoint -q -- "$at" || fail "nothing is mounted on $at any more"; done; }',
    "fail"
  ],
  clear_root: [
    `clear_root() { [ ! -d "$1" ] || mountpoint -q -- "$1" || rmdir -- ${
      scaffolding.map((name) => `"$1/${name}"`).join(" ")
    } 2>/dev/null || :; }`
  ],
  remove_root: [
    'remove_root() { clear_root "$1"; [ ! -d "$1" ] || rmdir ${2:+"$2"} -- "$1"; } # PATH [OPTION-OF-RMDIR]',
    "clear_root"
  ],
  move_into_place: [
    `move_into_place() { # FROM TO replace|new|back [WHAT]
  if is_there "$1"; then
    [ -z "\${4-}" ] || [ "$(stat -c %d:%i:%.9W -- "$1")" = "$4" ] || return 0
    if is_there "$2"; then
      [ "$3" != back ] || return 0
      [ "$3" = replace ] || fail "$2 exists already"
    fi
  elif [ "$3" = back ] || is_there "$2"; then return 0
  fi
  mv -T -- "$1" "$2"
}`,
    "fail",
    "is_there"
  ],
  remove_cgroup: [
    `remove_cgroup() { # NAME HIERARCHY...
  group=$1
  shift
  for tree; do
    [ ! -d "$tree/$group" ] || find "$tree/$group" -depth -type d -exec rmdir -- {} \\;
  done
}`
  ]
}

const collect = (name: string, found: Set<string>): void => {
  const [, ...uses] = functions[name] ?? [""]
  for (const use of uses) {
    if (!found.has(use)) collect(use, found)
  }
  found.add(name)
}

/**
 * The functions that a script calls, those first that others need.
 *
 * @since 0.1.0
 * @category rendering
 */
export const shellFunctions = (script: string): ReadonlyArray<string> => {
  const found = new Set<string>()
  for (const name of Object.keys(functions)) {
    if (new RegExp(`(^|[^a-z_])${name} `, "m").test(script)) collect(name, found)
  }
  return [...found].map((name) => functions[name]?.[0] ?? "")
}
