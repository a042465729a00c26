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

/**
 * The same for each of many, by their names.
 *
 * @since 0.1.0
 * @category constructors
 */
export const onceEach = <A>(read: (name: string) => A): (name: string) => A => {
  const had = new Map<string, { readonly value: A }>()
  return (name) => {
    const known = had.get(name) ?? { value: read(name) }
    had.set(name, known)
    return known.value
  }
}
