/**
 * How long things take, in milliseconds, as measured with LXC 5.0.2 on kernel 6.18.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category constants
 */
export const timing = {
  losetup: 2,
  mount: 3,
  umount: 2,
  ipLink: 3,
  /** From the call of lxc-start to the execution of init, or to the failure. */
  lxcStart: 20,
  /** lxc-start on a configuration that it cannot read. */
  lxcParse: 1,
  /** lxc-start of what runs already. */
  lxcRefuse: 5,
  /** Packing or unpacking a root of some megabytes. */
  tar: 40,
  /** A dump or a restore of a few processes. */
  criu: 150,
  lxcFreeze: 3,
  /** From init's death to the end of its cgroup and interfaces, of its socket, of its monitor. */
  payloadRemoved: 20,
  socketClosed: 30,
  monitorExits: 39,
  /** From a process's death to its being reaped by PID 1, where its parent does not. */
  reaped: 1_000,
  outOfMemory: 3,
  /** How often a busy mount is tried again. */
  retryUnmount: 20,
  retryRemoveGroup: 10,
  /** How long a busy cgroup or loop device is waited for. */
  groupBusy: 5_000,
  detach: 5_000
} as const
