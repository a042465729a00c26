/**
 * What LXC makes in a root on which nothing is mounted, before it finds no init there: empty directories.
 *
 * @since 0.1.0
 * @category constants
 */
export const scaffolding: ReadonlyArray<string> = ["dev", "proc"]
