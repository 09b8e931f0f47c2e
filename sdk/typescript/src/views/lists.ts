/** The list without some of its members; the same list where there is none of them. */
export function without<T>(list: readonly T[], isGone: (each: T) => boolean): readonly T[] {
  return list.some(isGone) ? list.filter((each) => !isGone(each)) : list
}
