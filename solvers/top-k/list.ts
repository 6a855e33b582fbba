import { lowest, sortedList } from "../../engine/ops/sorted-list.js";

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
