import { lowest } from "./list.js";

/**
 * Top-k of one row of n ≤ 32 by one invocation: the rank of a weight is how many others go before it, those that are
 * larger and, of equal ones, those of a lower index. All pairs are written out, for weights in registers of their own:
 * n(n − 1)/2 comparisons, fewer than those of a sorted list, and states leave in blocks, zeros too.
 *
 * Keys are those of keys.wgsl with the upper bit turned, so that their order is that of i32, which processors compare
 * in half the time; the lowest of them is never chosen.
 */
export function rankText(n: number): string {
  const blocks = Array.from({ length: Math.ceil(n / 4) }, (_, q) => q);
  const all = Array.from({ length: n }, (_, i) => i);
  const key = (i: number): string => `keys_${i >> 2}.${"xyzw"[i & 3]}`;
  const rank = (i: number): string => (i < n ? `rank_${i}` : "k");
  return [
    "fn solve() {",
    "  let k = i32(parameter_k());",
    ...blocks.map((q) => `  let keys_${q} = bitcast<vec4i>(top_k_keys(weight4(${q}u)) ^ vec4u(0x80000000u));`),
    ...all.map((i) => `  var rank_${i} = ${i};`),
    ...all.flatMap((i) =>
      all.slice(i + 1).map((j) => {
        const passes = `let passes = select(0, 1, ${key(j)} > ${key(i)});`;
        return `  { ${passes} rank_${i} += passes; rank_${j} -= passes; }`;
      }),
    ),
    ...blocks.map((q) => {
      const ranks = [0, 1, 2, 3].map((part) => rank(4 * q + part)).join(", ");
      const chosen = `(vec4i(${ranks}) < vec4i(k)) & (keys_${q} != vec4i(${lowest}))`;
      return `  emit4(${q}u, select(vec4i(), vec4i(1), ${chosen}));`;
    }),
    "}",
  ].join("\n");
}
