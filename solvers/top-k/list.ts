/** The least i32. */
export const lowest = "(-0x7fffffff - 1)";

/**
 * The sorted list of lane.wgsl: k (key, index) pairs in registers of their own, since arrays that are indexed
 * dynamically compile for seconds on lavapipe. An insertion is a minimum, a maximum, a comparison and two selections a
 * place. Keys are those of keys.wgsl with the upper bit turned, in the order of i32, which processors compare in half
 * the time; the lowest of them is never chosen.
 *
 * @param ordered whether values and indices are told too, as many as the row has at most
 */
export function sortedList(k: number, ordered: boolean): string {
  const places = Array.from({ length: k }, (_, j) => j);
  const told = (j: number): string =>
    ordered ? ` emit_indices(${j}u, i32(top_index_${j})); emit_values(${j}u, weight(top_index_${j}));` : "";
  const filler = (j: number): string => (ordered ? ` else if (${j}u < top_k_most()) { emit_indices(${j}u, -1); }` : "");
  return [
    ...places.map((j) => `var<private> top_key_${j}: i32;\nvar<private> top_index_${j}: u32;`),
    "fn top_k_start() {",
    ...places.map((j) => `  top_key_${j} = ${lowest};`),
    "}",
    "fn top_k_insert(key: i32, index: u32) {",
    ...places.map((j) => `  let passes_${j} = key > top_key_${j};`),
    ...[...places].reverse().flatMap((j) => {
      const shifted = j === 0 ? "index" : `select(index, top_index_${j - 1}, passes_${j - 1})`;
      return [
        `  top_index_${j} = select(top_index_${j}, ${shifted}, passes_${j});`,
        `  top_key_${j} = max(top_key_${j}, ${j === 0 ? "key" : `min(top_key_${j - 1}, key)`});`,
      ];
    }),
    "}",
    "fn top_k_emit(wanted: u32) {",
    ...places.map((j) => {
      const chosen = `(top_key_${j} != ${lowest}) & (wanted > ${j}u)`;
      return `  if (${chosen}) { emit(top_index_${j}, 1);${told(j)} }${filler(j)}`;
    }),
    "}",
  ].join("\n");
}
