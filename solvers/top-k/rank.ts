import { lowest } from "../../engine/ops/sorted-list.js";

/**
 * Top-k of one row of n ≤ 32 by one invocation: the rank of a weight is how many others go before it, those that are
 * larger and, of equal ones, those of a lower index. All pairs are written out, for weights in registers of their own:
 * n(n − 1)/2 comparisons, fewer than those of a sorted list, and states leave in blocks, zeros too.
 *
 * Keys are those of keys.wgsl with the upper bit turned, so that their order is that of i32, which processors compare
 * in half the time; the lowest of them is never chosen.
 *
 * @param ordered whether values and indices are told too
 */
export function rankText(n: number, ordered: boolean): string {
  const blocks = Array.from({ length: Math.ceil(n / 4) }, (_, q) => q);
  const all = Array.from({ length: n }, (_, i) => i);
  const key = (i: number): string => `keys_${i >> 2}.${"xyzw"[i & 3]}`;
  const rank = (i: number): string => (i < n ? `rank_${i}` : "k");
  return [
    "fn solve() {",
    "  let k = i32(top_k_wanted());",
    ...blocks.map((q) => `  let keys_${q} = bitcast<vec4i>(top_k_keys(weight4(${q}u)) ^ vec4u(0x80000000u));`),
    ...all.map((i) => `  var rank_${i} = ${i};`),
    ...all.flatMap((i) =>
      all.slice(i + 1).map((j) => {
        const passes = `let passes = select(0, 1, ${key(j)} > ${key(i)});`;
        return `  { ${passes} rank_${i} += passes; rank_${j} -= passes; }`;
      }),
    ),
    ...(ordered ? ["  var chosen_count = 0u;"] : []),
    ...blocks.map((q) => {
      const ranks = [0, 1, 2, 3].map((part) => rank(4 * q + part)).join(", ");
      const chosen = `(vec4i(${ranks}) < vec4i(k)) & (keys_${q} != vec4i(${lowest}))`;
      const counted = ordered ? ` chosen_count += count_true(chosen_${q});` : "";
      return `  let chosen_${q} = ${chosen}; emit4(${q}u, select(vec4i(), vec4i(1), chosen_${q}));${counted}`;
    }),
    ...(ordered ? orderText(n) : []),
    "}",
  ].join("\n");
}

/** Values and indices by rank; what is beyond the chosen ones has index −1 and value 0. */
function orderText(n: number): string[] {
  return [
    ...Array.from({ length: n }, (_, i) => {
      const told = `emit_indices(u32(rank_${i}), ${i}); emit_values(u32(rank_${i}), weight(${i}u));`;
      return `  if (chosen_${i >> 2}.${"xyzw"[i & 3]}) { ${told} }`;
    }),
    "  for (var j = chosen_count; j < top_k_most(); j++) { emit_indices(j, -1); }",
  ];
}
