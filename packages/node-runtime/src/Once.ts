/**
 * What is read when it is first needed, and then known.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category constructors
 */
export const once = <A>(read: () => A): () => A => {
  let had: { readonly value: A } | undefined
  return () => (had ??= { value: read() }).value
}
