/** What {@link rowText} unrolls. */
export interface RowOptions {
  readonly width: number;
  readonly neighbours: 4 | 8;
  /** Whether a step across a corner costs √2 as much. */
  readonly euclidean: boolean;
  /** Whether rows have a cell on each side that belongs to another tile: they are loaded, and never stored. */
  readonly halo: boolean;
}

/**
 * WGSL of a row of `width` cells in registers: a struct of blocks of four, unrolled over the width, because arrays that
 * are indexed at run time are slow to compile and slow to use on processors.
 *
 * Numbers are the bits of f32 from 0, whose order is that of the numbers: minima of integers take half the time.
 */
export function rowText({ width, neighbours, euclidean, halo }: RowOptions): string {
  const blocks = Math.ceil(width / 4);
  const names = Array.from({ length: blocks }, (_, q) => `q${q}`);
  const sides = halo ? ["left", "right"] : [];
  const lines = (write: (name: string, q: number) => string): string =>
    names.map((name, q) => `  ${write(name, q)}`).join("\n");
  const row = (block: (name: string, q: number) => string, side: (name: string, place: string) => string): string => {
    const own = sides.map((name, i) => side(name, i === 0 ? "4u * base - 1u" : `4u * base + ${4 * blocks}u`));
    return `Row(${[...names.map(block), ...own].join(", ")})`;
  };

  const choice = (name: string): string => `select(otherwise.${name}, given.${name}, condition)`;
  const far = "FAR_BITS";
  /** The cells of a row one column to the left or to the right of a block's own. */
  const leftOf = (name: string, q: number): string => {
    const first = halo ? `${name}.left` : far;
    return `vec4u(${q === 0 ? first : `${name}.q${q - 1}.w`}, ${name}.q${q}.xyz)`;
  };
  const rightOf = (name: string, q: number): string => {
    const last = halo ? `${name}.right` : far;
    return `vec4u(${name}.q${q}.yzw, ${q === blocks - 1 ? last : `${name}.q${q + 1}.x`})`;
  };
  const through = (q: number): string => {
    const across = `min(${leftOf("beside", q)}, ${rightOf("beside", q)})`;
    if (neighbours === 4) return `plus4(beside.q${q}, costs.q${q})`;
    if (!euclidean) return `plus4(min(beside.q${q}, ${across}), costs.q${q})`;
    return `min(plus4(beside.q${q}, costs.q${q}), plus4(${across}, across_cost4(costs.q${q})))`;
  };

  const part = (name: string, column: number): string => `${name}${column >> 2}.${"xyzw"[column & 3]}`;
  const fell = (column: number): string =>
    `(${part("before.q", column)} != ${part("after.q", column)}) & (${part("after.q", column)} <= limit)`;
  const columns = Array.from({ length: width }, (_, column) => column);
  const run = (own: string, neighbour: string, column: number): string =>
    `min(${own}, plus(${neighbour}, ${part("costs.q", column)}))`;
  const toRight = columns.map((column) => {
    const own = part("p", column);
    if (column > 0) return `  let d${column} = ${run(own, `d${column - 1}`, column)};`;
    return `  let d0 = ${halo ? run(own, "old.left", 0) : own};`;
  });
  const toLeft = [...columns].reverse().map((column) => {
    const own = part("p", column);
    if (column < width - 1) return `  let e${column} = ${run(own, `e${column + 1}`, column)};`;
    return `  let e${column} = ${halo ? run(own, "old.right", column) : own};`;
  });
  const columnsOf = (q: number): string => `vec4u(${[0, 1, 2, 3].map((j) => `${4 * q + j}u`).join(", ")})`;
  const blockOf = (q: number, cell: (column: number) => string): string =>
    `vec4u(${[0, 1, 2, 3].map((j) => (4 * q + j < width ? cell(4 * q + j) : far)).join(", ")})`;

  return `const HALO: bool = ${halo};
const MARGIN: i32 = ${halo ? 1 : 0};

struct Row { ${[...names.map((name) => `${name}: vec4u`), ...sides.map((name) => `${name}: u32`)].join(", ")} }

fn far_row() -> Row {
  return ${row(() => `vec4u(${far})`, () => far)};
}

// Far everywhere but in one column.
fn source_row(column: u32, distance: u32) -> Row {
  return ${row((_, q) => `select(vec4u(${far}), vec4u(distance), vec4u(column) == ${columnsOf(q)})`, () => far)};
}

fn choose_row(otherwise: Row, given: Row, condition: bool) -> Row {
  return ${row(choice, choice)};
}

fn load_row(base: u32) -> Row {
  return ${row((_, q) => `work_load4(base + ${q}u)`, (_, place) => `work_load(${place})`)};
}

fn store_row(base: u32, row: Row) {
${lines((name, q) => `work_store4(base + ${q}u, row.${name});`)}
}

// Which of the outermost cells of a row changed to a distance up to the limit.
fn sides_within(before: Row, after: Row, limit: u32) -> u32 {
  let left = ${fell(0)};
  let right = ${fell(width - 1)};
  return select(0u, LEFT, left) | select(0u, RIGHT, right);
}

// Whether a cell changed to a distance up to the limit.
fn changed_within(before: Row, after: Row, limit: u32) -> bool {
  let fell = ${names.map((q) => `((before.${q} != after.${q}) & (after.${q} <= vec4u(limit)))`).join(" | ")};
  return fell.x | fell.y | fell.z | fell.w;
}

// The row as near as the row beside it allows.
fn reach_row(costs: Row, old: Row, beside: Row) -> Row {
${lines((name, q) => `let p${q} = min(old.${name}, ${through(q)});`)}
  return ${row((_, q) => blockOf(q, (column) => part("p", column)), (name) => `old.${name}`)};
}

// The row as near as the row beside it and itself allow.
fn relax_row(costs: Row, old: Row, beside: Row) -> Row {
${lines((name, q) => `let p${q} = min(old.${name}, ${through(q)});`)}
${toRight.join("\n")}
${toLeft.join("\n")}
  return ${row((_, q) => blockOf(q, (column) => `min(d${column}, e${column})`), (name) => `old.${name}`)};
}
`;
}

/** WGSL of the path's cells, a bit each, in registers: found by comparisons, and taken out from the front. */
export function pathText(cells: number): string {
  const words = Array.from({ length: Math.ceil(cells / 32) }, (_, k) => k);
  const next = (k: number): string => (k + 1 < words.length ? `path_${k + 1}` : "0u");
  return `
${words.map((k) => `var<private> path_${k}: u32;`).join("\n")}

fn put_on_path(cell: u32) {
  let i = (cell / PITCH) * WIDTH + cell % PITCH;
  let bit = 1u << (i % 32u);
${words.map((k) => `  path_${k} |= select(0u, bit, i / 32u == ${k}u);`).join("\n")}
}

fn next_of_path() -> u32 {
  let word = path_0;
${words.map((k) => `  path_${k} = ${next(k)};`).join("\n")}
  return word;
}
`;
}
