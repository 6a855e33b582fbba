/** The least i32. */
export const lowest = "(-0x7fffffff - 1)";

/**
 * A sorted list of k (key, index) pairs in registers of their own, since arrays that are indexed dynamically compile for
 * seconds on lavapipe: `fn NAME_start()` and `fn NAME_insert(key: i32, index: u32)`. An insertion shifts a pair in
 * without a branch: a minimum, a maximum, a comparison and two selections a place. Keys are i32,
 * which processors compare in half the time that u32 takes; the lowest of them never enters.
 *
 * @param inOrder whether indices come in ascending order; if not, equal keys are compared by theirs as well
 */
export function sortedList(name: string, k: number, inOrder: boolean): string {
  const places = Array.from({ length: k }, (_, j) => j);
  const passes = (j: number): string => {
    const exceeds = `key > ${name}_key_${j}`;
    return inOrder ? exceeds : `(${exceeds}) | ((key == ${name}_key_${j}) & (index < ${name}_index_${j}))`;
  };
  return [
    ...places.map((j) => `var<private> ${name}_key_${j}: i32;\nvar<private> ${name}_index_${j}: u32;`),
    `fn ${name}_start() {`,
    ...places.map((j) => `  ${name}_key_${j} = ${lowest};`),
    "}",
    `fn ${name}_insert(key: i32, index: u32) {`,
    ...places.map((j) => `  let passes_${j} = ${passes(j)};`),
    ...[...places].reverse().flatMap((j) => {
      const shifted = j === 0 ? "index" : `select(index, ${name}_index_${j - 1}, passes_${j - 1})`;
      return [
        `  ${name}_index_${j} = select(${name}_index_${j}, ${shifted}, passes_${j});`,
        `  ${name}_key_${j} = max(${name}_key_${j}, ${j === 0 ? "key" : `min(${name}_key_${j - 1}, key)`});`,
      ];
    }),
    "}",
  ].join("\n");
}
