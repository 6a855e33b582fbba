/** Blocks of four that are sampled, evenly spread. */
const sampled = 16;

/**
 * `fn sample_bracket(wanted: u32) -> Bracket`: two keys between which the wanted-th largest of a row probably lies. The
 * keys of sixteen blocks are four columns, each sorted by the same network. With x the place in a column at which the
 * wanted-th should be, the bracket goes from the greatest of the keys half a place before it to the least of those half a
 * place behind it: of normal weights 22 to 31 % of all, and the answer among them in 92 to 97 % of rows.
 */
export function bracketText(): string {
  const places = Array.from({ length: sampled }, (_, j) => j);
  return [
    "const GREATEST_KEY: u32 = 0xfffffffeu;",
    "fn sample_bracket(wanted: u32) -> Bracket {",
    "  let blocks = (size() + 3u) / 4u;",
    ...places.map((j) => `  var row_${j} = signed_keys(top_k_block(${j}u * blocks / ${sampled}u));`),
    ...comparators(sampled).map(
      ([a, b]) => `  { let larger = max(row_${a}, row_${b}); row_${b} = min(row_${a}, row_${b}); row_${a} = larger; }`,
    ),
    `  let place = ${sampled}.0 * f32(wanted) / f32(size());`,
    "  let before = i32(floor(place - 0.5));",
    "  let behind = i32(floor(place + 0.5));",
    "  var high = vec4i(signed_key(GREATEST_KEY));",
    "  var low = vec4i(signed_key(0u));",
    ...places.flatMap((j) => [
      `  high = select(high, row_${j}, before == ${j});`,
      `  low = select(low, row_${j}, behind == ${j});`,
    ]),
    "  let highest = max(max(high.x, high.y), max(high.z, high.w));",
    "  let lowest = min(min(low.x, low.y), min(low.z, low.w));",
    "  return Bracket(bitcast<u32>(min(lowest, highest)) ^ 0x80000000u, bitcast<u32>(highest) ^ 0x80000000u, 0u);",
    "}",
  ].join("\n");
}

/** Batcher's odd-even merge sort of a power of two: pairs of places whose greater element goes to the first. */
function comparators(count: number): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (let merged = 1; merged < count; merged *= 2) {
    for (let distance = merged; distance >= 1; distance /= 2) {
      for (let first = distance % merged; first + distance < count; first += 2 * distance) {
        for (let a = first; a < first + distance; a++) {
          const b = a + distance;
          if (Math.floor(a / (2 * merged)) === Math.floor(b / (2 * merged))) pairs.push([a, b]);
        }
      }
    }
  }
  return pairs;
}
