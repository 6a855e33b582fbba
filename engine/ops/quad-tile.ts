import type { Piece } from "../compose.js";
import { advance, letters, place, places, range, rightValues, stepCount, steps, type TileVariant } from "./tiles.js";

/**
 * One variant of the product by quads; see {@link quadTile}. Its rows are those of a quad, a multiple of 4, and of 16
 * where `left` is `outer`; its columns those of each lane.
 */
export type QuadVariant = TileVariant;

/** What a lane itself has loaded, and its neighbours: lane l gets what lane l ^ i has. */
const exchanges = ["", "quadSwapX", "quadSwapY", "quadSwapDiagonal"] as const;

/** Features must be enabled before anything else. */
export const enableSubgroups: Piece = { name: "subgroups", text: "enable subgroups;" };

/**
 * The text of `multiply_tile` for a quad, four lanes that run together. It calls what `registerTile` calls.
 *
 * Each lane has columns of its own. Of the left operand it loads every fourth load, and exchanges it with its
 * neighbours: they have the same rows, but each begins with those that it has loaded.
 *
 * Why so, by a profile of SwiftShader (100×784×512, processor time; a lane's tile of 16 × 16 takes 23.5 ms):
 * - It loads lane by lane, each under a test: as long as 14 multiply-adds, half of all time. A quad of 20 rows loads
 *   21 times for 320 multiply-adds, not 32 for 256: 17.6 ms, with 16 columns a lane. Larger tiles of lanes, 20 × 32 and
 *   25 × 32, are as quick, and compile 2.5 and 4 times as long.
 * - A number handed to all lanes (`quadBroadcast`) takes 16 instructions, an exchange one: 16.9 ms.
 * - Sums that are vectors leave their registers between two multiply-adds, numbers do not: 15.8 ms.
 * - Whatever changes in a loop is stored under a mask, 13 instructions a sum and turn: eight steps a turn, 14.4 ms; or
 *   half the columns at once, 15.5 ms, which compile in half the time. That is taken.
 * The order of the factors, and `*` and `+` for `fma`, change nothing; nor do ten steps a turn of 100.
 */
export function quadTile(variant: QuadVariant): Piece {
  const { rows, columns, left, right, unroll, vectorStores } = variant;
  const width = left === "outer" ? 4 : 1;
  const loads = rows / (4 * width);
  const lines = [
    "fn multiply_tile(",
    "  batch: Batch, first_row: u32, first_column: u32, first_inner: u32, end_inner: u32, lane: u32,",
    ") {",
    ...range(loads).map((i) =>
      place("left", i, `first_row + ${4 * width * i}u + ${width}u * lane`, `uniforms.rows - ${width}u`),
    ),
    ...places("right", right, columns, "first_column", "uniforms.columns"),
    ...range(rows).flatMap((i) => [
      `  let initial_${i} = initial_at(batch, min(${rowAt(width, i)}, uniforms.rows - 1u));`,
      ...range(columns).map((c) => `  var sum_${i}_${c} = initial_${i};`),
    ]),
    "  var left_step_0 = left_step(first_inner);",
    "  var right_step_0 = right_step(first_inner);",
    `  for (var inner = first_inner; inner < end_inner; inner += ${unroll}u) {`,
    ...steps("left", left, unroll),
    ...steps("right", right, unroll),
    ...rightValues(right, columns, unroll),
    ...range(loads).flatMap((load) => [
      ...range(stepCount(left, unroll)).map(
        (k) => `    let left_${load}_0_${k} = left_at(left_place_${load}, left_step_${k});`,
      ),
      ...exchanges.flatMap((exchange, from) => [
        ...(from === 0 ? [] : exchanged(exchange, load, from, stepCount(left, unroll))),
        ...range(width).flatMap((part) => products(variant, load, from, part)),
      ]),
    ]),
    ...advance("left", left, unroll),
    ...advance("right", right, unroll),
    "  }",
    ...stores(width, rows, columns, vectorStores),
    "}",
  ];
  return { name: "tile", text: lines.join("\n") };
}

/** The row of a lane's i-th row of sums: loads are dealt out to the lanes in turn, `width` rows each. */
function rowAt(width: number, i: number): string {
  const load = Math.floor(i / (4 * width));
  const from = Math.floor(i / width) % 4;
  return `first_row + ${4 * width * load + (i % width)}u + ${width}u * (lane ^ ${from}u)`;
}

function exchanged(exchange: string, load: number, from: number, steps: number): string[] {
  return range(steps).map((k) => `    let left_${load}_${from}_${k} = ${exchange}(left_${load}_0_${k});`);
}

function products({ columns, left, unroll }: QuadVariant, load: number, from: number, part: number): string[] {
  const width = left === "outer" ? 4 : 1;
  const value = (k: number): string => {
    if (left === "inner") return `left_${load}_${from}_${k >> 2}.${letters[k % 4]}`;
    return `left_${load}_${from}_${k}${left === "outer" ? `.${letters[part]}` : ""}`;
  };
  const i = 4 * width * load + width * from + part;
  return range(columns).map((c) => {
    const chain = range(unroll).reduce(
      (sum, k) => `fma(${value(k)}, right_${k}_${c >> 2}.${letters[c % 4]}, ${sum})`,
      `sum_${i}_${c}`,
    );
    return `    sum_${i}_${c} = ${chain};`;
  });
}

/** As those of `registerTile`: four rows at a time, in a loop that moves the other rows up. */
function stores(width: number, rows: number, columns: number, vectorStores: boolean): string[] {
  const store = (row: string, column: number, value: string): string => {
    const at = `product_at(batch, ${row}, first_column + ${column}u)`;
    return `      if (first_column + ${column}u < uniforms.columns) { product[${at}] = ${value}; }`;
  };
  const stored = range(4).flatMap((i) => [
    `    let row_${i} = ${width === 1 ? `first_row + turn + (lane ^ ${i}u)` : `${fourRows} + ${i}u`};`,
    `    if (row_${i} < uniforms.rows) {`,
    ...range(vectorStores ? columns / 4 : columns).map((c) =>
      vectorStores
        ? store(`row_${i}`, 4 * c, `vec4f(${range(4).map((part) => `sum_${i}_${4 * c + part}`).join(", ")})`)
        : store(`row_${i}`, c, `sum_${i}_${c}`),
    ),
    "    }",
  ]);
  const moved = range(rows - 4).flatMap((i) => range(columns).map((c) => `    sum_${i}_${c} = sum_${i + 4}_${c};`));
  return [`  for (var turn = 0u; turn < ${rows}u; turn += 4u) {`, ...stored, ...moved, "  }"];
}

/** Where the four rows of a turn begin that were loaded at once. */
const fourRows = "first_row + turn / 16u * 16u + 4u * (lane ^ (turn / 4u % 4u))";
