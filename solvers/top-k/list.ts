/** The least i32. */
export const lowest = "(-0x7fffffff - 1)";

/**
 * A sorted list of k (key, index) pairs in registers of their own, since arrays that are indexed dynamically compile for
 * seconds on lavapipe: `fn NAME_start()` and `fn NAME_insert(key: i32, index: u32)`. An insertion shifts a pair in
 * without a branch: a minimum, a maximum, a comparison and two selections a place. Keys are those of keys.wgsl with the
 * upper bit turned, in the order of i32, which processors compare in half the time; the lowest of them never enters.
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

/** The list `blocks`, with `fn blocks_any()` and `fn blocks_pop()`, which takes the first pair out. */
export const blockList = (k: number): string =>
  [
    sortedList("blocks", k, true),
    `fn blocks_any() -> bool { return blocks_key_0 != ${lowest}; }`,
    "fn blocks_pop() {",
    ...Array.from(
      { length: k - 1 },
      (_, j) => `  blocks_key_${j} = blocks_key_${j + 1}; blocks_index_${j} = blocks_index_${j + 1};`,
    ),
    `  blocks_key_${k - 1} = ${lowest};`,
    "}",
  ].join("\n");

/**
 * `fn top_k_emit(wanted: u32)`: what the list `top_k` holds becomes the state.
 *
 * @param ordered whether values and indices are told too, as many as the row has at most
 */
export function emitText(k: number, ordered: boolean): string {
  const told = (j: number): string =>
    ordered ? ` emit_indices(${j}u, i32(top_k_index_${j})); emit_values(${j}u, weight(top_k_index_${j}));` : "";
  const filler = (j: number): string => (ordered ? ` else if (${j}u < top_k_most()) { emit_indices(${j}u, -1); }` : "");
  return [
    "fn top_k_emit(wanted: u32) {",
    ...Array.from({ length: k }, (_, j) => {
      const chosen = `(top_k_key_${j} != ${lowest}) & (wanted > ${j}u)`;
      return `  if (${chosen}) { emit(top_k_index_${j}, 1);${told(j)} }${filler(j)}`;
    }),
    "}",
  ].join("\n");
}
