/**
 * The sorted list of lane.wgsl: k (key, index) pairs in registers of their own, since arrays that are indexed
 * dynamically compile for seconds on lavapipe. An insertion is a comparison and four selections a place.
 */
export function sortedList(k: number): string {
  const places = Array.from({ length: k }, (_, j) => j);
  return [
    ...places.map((j) => `var<private> top_key_${j}: u32;\nvar<private> top_index_${j}: u32;`),
    "fn top_k_start() {",
    ...places.map((j) => `  top_key_${j} = 0u;`),
    "}",
    "fn top_k_insert(key: u32, index: u32) {",
    ...places.map((j) => `  let passes_${j} = key > top_key_${j};`),
    ...[...places].reverse().flatMap((j) => {
      if (j === 0) return ["key", "index"].map((part) => `  top_${part}_0 = select(top_${part}_0, ${part}, passes_0);`);
      return ["key", "index"].map((part) => {
        const [here, before] = [`top_${part}_${j}`, `top_${part}_${j - 1}`];
        return `  ${here} = select(${here}, select(${part}, ${before}, passes_${j - 1}), passes_${j});`;
      });
    }),
    "}",
    "fn top_k_emit() {",
    ...places.map((j) => `  if (top_key_${j} != 0u) { emit(top_index_${j}, 1); }`),
    "}",
  ].join("\n");
}
