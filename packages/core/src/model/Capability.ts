/**
 * Capabilities of Linux.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * A capability as LXC spells it: without `cap_`, in lower case (capabilities(7) of Linux 5.9 and later).
 *
 * @since 0.1.0
 * @category schemas
 */
export const Capability = Schema.Literals([
  "audit_control", "audit_read", "audit_write", "block_suspend", "bpf", "checkpoint_restore", "chown", "dac_override",
  "dac_read_search", "fowner", "fsetid", "ipc_lock", "ipc_owner", "kill", "lease", "linux_immutable", "mac_admin",
  "mac_override", "mknod", "net_admin", "net_bind_service", "net_broadcast", "net_raw", "perfmon", "setfcap", "setgid",
  "setpcap", "setuid", "sys_admin", "sys_boot", "sys_chroot", "sys_module", "sys_nice", "sys_pacct", "sys_ptrace",
  "sys_rawio", "sys_resource", "sys_time", "sys_tty_config", "syslog", "wake_alarm"
]).annotate({ expected: "a capability such as sys_time, in lower case and without cap_" })

/**
 * @since 0.1.0
 * @category models
 */
export type Capability = typeof Capability.Type
