import type { Piece } from "../compose.js";

/**
 * How an operand of a tile is loaded: one number at a time, or four at once along the inner axis of the product or
 * along the operand's outer axis (rows of the left one, columns of the right one).
 */
export type Access = "scalar" | "inner" | "outer";

/** One variant of the register-tiled product; see {@link registerTile}. */
export interface TileVariant {
  /** Rows and columns of the product that a lane keeps in registers; multiples of 4. */
  readonly rows: number;
  readonly columns: number;
  readonly left: Access;
  readonly right: Access;
  /** Steps of the inner axis that the loop takes at once; the inner length must be a multiple. */
  readonly unroll: number;
  /** Whether four columns are stored at once. */
  readonly vectorStores: boolean;
}

export const letters = ["x", "y", "z", "w"] as const;

export const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/**
 * The text of `multiply_tile`: a tile of a product, kept in the registers of one lane, with every loop but that over
 * the inner axis unrolled.
 *
 * It calls what an operation supplies, where `…` is left or right: `…_place(batch, i)`, once for a row or column (or
 * four); `…_step(inner)` and `…_next(step)`, which walk the inner axis; `…_at(place, step)`, an f32 or a vec4f;
 * `initial_at(row)`, and `product_at(batch, row, column)`, where an element lies. The right operand is loaded first
 * and the left one row by row, so that few registers beside the sums are live at once.
 */
export function registerTile(variant: TileVariant): Piece {
  const { rows, columns, left, right, unroll } = variant;
  const lines = [
    "fn multiply_tile(batch: Batch, first_row: u32, first_column: u32, first_inner: u32, end_inner: u32) {",
    ...places("left", left, rows, "first_row", "uniforms.rows"),
    ...places("right", right, columns, "first_column", "uniforms.columns"),
    ...sums(rows, columns),
    "  var left_step_0 = left_step(first_inner);",
    "  var right_step_0 = right_step(first_inner);",
    `  for (var inner = first_inner; inner < end_inner; inner += ${unroll}u) {`,
    ...steps("left", left, unroll),
    ...steps("right", right, unroll),
    ...rightValues(right, columns, unroll),
    ...range(rows).flatMap((i) => [...leftLoads(left, i, unroll), ...products(left, i, columns, unroll)]),
    ...advance("left", left, unroll),
    ...advance("right", right, unroll),
    "  }",
    ...stores(rows, columns, variant.vectorStores),
    "}",
  ];
  return { name: "tile", text: lines.join("\n") };
}

/** One variant of the product through workgroup memory; see {@link workgroupTile}. */
export interface BlockVariant {
  /** Rows and columns of the product that a lane keeps in registers; multiples of 4. */
  readonly rows: number;
  readonly columns: number;
  /** Steps of the inner axis that are brought in at once. */
  readonly depth: number;
  /** Lanes of a workgroup side by side. */
  readonly lanesAcross: number;
  readonly lanesDown: number;
}

/**
 * The text of `multiply_block`: a block of a product a workgroup, of which each lane keeps a tile in registers. It
 * calls `fill_left` and `fill_right` of kernels/matmul-workgroup.wgsl, and what {@link registerTile} calls.
 */
export function workgroupTile({ rows, columns }: BlockVariant): Piece {
  const lines = [
    "fn multiply_block(",
    "  batch: Batch, block_row: u32, block_column: u32, first_inner: u32, end_inner: u32, lane: u32,",
    ") {",
    `  let lane_row = lane / LANES_ACROSS * ${rows}u;`,
    `  let lane_column = lane % LANES_ACROSS * ${columns}u;`,
    "  let first_row = block_row + lane_row;",
    "  let first_column = block_column + lane_column;",
    ...sums(rows, columns),
    "  for (var inner = first_inner; inner < end_inner; inner += DEPTH) {",
    "    fill_left(batch, block_row, inner, end_inner, lane);",
    "    fill_right(batch, block_column, inner, end_inner, lane);",
    "    workgroupBarrier();",
    "    for (var step = 0u; step < DEPTH; step++) {",
    "      let left_ix = step * BLOCK_ROWS + lane_row;",
    "      let right_ix = step * BLOCK_COLUMNS + lane_column;",
    ...range(columns / 4).map((j) => {
      const parts = range(4).map((c) => `sh_right[right_ix + ${4 * j + c}u]`);
      return `      let right_0_${j} = vec4f(${parts.join(", ")});`;
    }),
    ...range(rows).flatMap((i) => [
      `      let left_${i}_0 = sh_left[left_ix + ${i}u];`,
      ...products("scalar", i, columns, 1),
    ]),
    "    }",
    "    workgroupBarrier();",
    "  }",
    ...stores(rows, columns, false),
    "}",
  ];
  return { name: "tile", text: lines.join("\n") };
}

function sums(rows: number, columns: number): string[] {
  return range(rows).flatMap((i) => [
    `  let initial_${i} = vec4f(initial_at(batch, min(first_row + ${i}u, uniforms.rows - 1u)));`,
    ...range(columns / 4).map((j) => `  var sum_${i}_${j} = initial_${i};`),
  ]);
}

/** Rows and columns beyond the edge read the last ones again: they are never stored. */
export function places(side: string, access: Access, count: number, first: string, end: string): string[] {
  const stride = access === "outer" ? 4 : 1;
  return range(count / stride).map((i) => place(side, i, `${first} + ${i * stride}u`, `${end} - ${stride}u`));
}

export const place = (side: string, i: number, at: string, last: string): string =>
  `  let ${side}_place_${i} = ${side}_place(batch, min(${at}, ${last}));`;

export function steps(side: string, access: Access, unroll: number): string[] {
  const next = (k: number): string => `    let ${side}_step_${k + 1} = ${side}_next(${side}_step_${k});`;
  return range(stepCount(access, unroll) - 1).map(next);
}

/** Loads of one place in a turn of the loop. */
export function stepCount(access: Access, unroll: number): number {
  return access === "inner" ? unroll / 4 : unroll;
}

export function advance(side: string, access: Access, unroll: number): string[] {
  return [`    ${side}_step_0 = ${side}_next(${side}_step_${stepCount(access, unroll) - 1});`];
}

/** `right_k_j`: columns 4j … 4j + 3 at step k. */
export function rightValues(access: Access, columns: number, unroll: number): string[] {
  const load = (place: number, step: number): string => `right_at(right_place_${place}, right_step_${step})`;
  const groups = range(columns / 4);
  if (access === "outer") {
    return range(unroll).flatMap((k) => groups.map((j) => `    let right_${k}_${j} = ${load(j, k)};`));
  }
  if (access === "scalar") {
    return range(unroll).flatMap((k) =>
      groups.map((j) => `    let right_${k}_${j} = vec4f(${range(4).map((c) => load(4 * j + c, k)).join(", ")});`),
    );
  }
  return groups.flatMap((j) =>
    range(unroll / 4).flatMap((q) => [
      ...range(4).map((c) => `    let column_${4 * j + c}_${q} = ${load(4 * j + c, q)};`),
      ...letters.map((letter, k) => {
        const parts = range(4).map((c) => `column_${4 * j + c}_${q}.${letter}`);
        return `    let right_${4 * q + k}_${j} = vec4f(${parts.join(", ")});`;
      }),
    ]),
  );
}

function leftLoads(access: Access, i: number, unroll: number): string[] {
  if (access === "outer" && i % 4 !== 0) return [];
  return range(stepCount(access, unroll)).map((k) => {
    const place = access === "outer" ? i / 4 : i;
    return `    let left_${i}_${k} = left_at(left_place_${place}, left_step_${k});`;
  });
}

function leftValue(access: Access, i: number, k: number): string {
  if (access === "inner") return `left_${i}_${k >> 2}.${letters[k % 4]}`;
  if (access === "outer") return `left_${i - (i % 4)}_${k}.${letters[i % 4]}`;
  return `left_${i}_${k}`;
}

function products(left: Access, i: number, columns: number, unroll: number): string[] {
  return range(columns / 4).map((j) => {
    const chain = range(unroll).reduce(
      (sum, k) => `fma(vec4f(${leftValue(left, i, k)}), right_${k}_${j}, ${sum})`,
      `sum_${i}_${j}`,
    );
    return `    sum_${i}_${j} = ${chain};`;
  });
}

/**
 * Stores the rows four at a time in a loop that moves the other rows up: unrolled, the stores would be most of the
 * text, and of the time that it takes to compile.
 */
function stores(rows: number, columns: number, vectorStores: boolean): string[] {
  const groups = range(columns / 4);
  const store = (i: number, column: number, value: string): string => {
    const place = `product_at(batch, row + ${i}u, first_column + ${column}u)`;
    return `      if (first_column + ${column}u < uniforms.columns) { product[${place}] = ${value}; }`;
  };
  const stored = range(4).flatMap((i) => [
    `    if (row + ${i}u < uniforms.rows) {`,
    ...groups.flatMap((j) =>
      vectorStores
        ? [store(i, 4 * j, `sum_${i}_${j}`)]
        : letters.map((letter, c) => store(i, 4 * j + c, `sum_${i}_${j}.${letter}`)),
    ),
    "    }",
  ]);
  const moved = range(rows - 4).flatMap((i) => groups.map((j) => `    sum_${i}_${j} = sum_${i + 4}_${j};`));
  if (rows === 4) return ["  let row = first_row;", ...stored];
  return [`  for (var row = first_row; row < first_row + ${rows}u; row += 4u) {`, ...stored, ...moved, "  }"];
}
