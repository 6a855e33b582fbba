/**
 * WGSL of a row of `width` cells in registers: a struct of blocks of four, unrolled over the width, because arrays that
 * are indexed at run time are slow to compile and slow to use on processors.
 *
 * Numbers are the bits of f32 from 0, whose order is that of the numbers: minima of integers take half the time.
 */
export function rowText(width: number, neighbours: 4 | 8): string {
  const blocks = Math.ceil(width / 4);
  const names = Array.from({ length: blocks }, (_, q) => `q${q}`);
  const list = (write: (name: string, q: number) => string): string => names.map(write).join(", ");
  const lines = (write: (name: string, q: number) => string): string =>
    names.map((name, q) => `  ${write(name, q)}`).join("\n");

  const far = "bitcast<u32>(FAR)";
  /** The cells of a row one column to the left or to the right of a block's own. */
  const leftOf = (row: string, q: number): string => `vec4u(${q === 0 ? far : `${row}.q${q - 1}.w`}, ${row}.q${q}.xyz)`;
  const rightOf = (row: string, q: number): string =>
    `vec4u(${row}.q${q}.yzw, ${q === blocks - 1 ? far : `${row}.q${q + 1}.x`})`;
  const nearest = (q: number): string =>
    neighbours === 4 ? `beside.q${q}` : `min(min(${leftOf("beside", q)}, beside.q${q}), ${rightOf("beside", q)})`;

  const part = (name: string, column: number): string => `${name}${column >> 2}.${"xyzw"[column & 3]}`;
  const columns = Array.from({ length: width }, (_, column) => column);
  const toRight = columns
    .slice(1)
    .map((column) => `  let d${column} = min(${part("p", column)}, plus(d${column - 1}, ${part("costs.q", column)}));`);
  const toLeft = columns
    .slice(0, -1)
    .reverse()
    .map((column) => `  let e${column} = min(d${column}, plus(e${column + 1}, ${part("costs.q", column)}));`);
  const columnsOf = (q: number): string => `vec4u(${[0, 1, 2, 3].map((j) => `${4 * q + j}u`).join(", ")})`;
  const cell = (column: number): string => (column < width ? `e${column}` : far);

  /** Neighbours of a block's cells, by bit of their direction. */
  const around = (q: number): [bit: number, cells: string][] =>
    neighbours === 4
      ? [[1, `above.q${q}`], [3, leftOf("own", q)], [4, rightOf("own", q)], [6, `below.q${q}`]]
      : [
          ...[leftOf("above", q), `above.q${q}`, rightOf("above", q), leftOf("own", q), rightOf("own", q)],
          ...[leftOf("below", q), `below.q${q}`, rightOf("below", q)],
        ].map((cells, bit) => [bit, cells]);
  const directions = (q: number): string =>
    [
      "  {",
      ...around(q).map(([bit, cells]) => `    let n${bit} = ${cells};`),
      `    let least = ${around(q).map(([bit]) => `n${bit}`).reduce((a, b) => `min(${a}, ${b})`)};`,
      "    var bits = vec4u();",
      ...around(q).map(([bit]) => `    bits |= select(vec4u(), vec4u(${1 << bit}u), n${bit} == least);`),
      `    directions_store(row * ROW_BLOCKS + ${q}u, bits.x | (bits.y << 8u) | (bits.z << 16u) | (bits.w << 24u));`,
      "  }",
    ].join("\n");

  return `struct Row { ${list((name) => `${name}: vec4u`)} }

fn far_row() -> Row {
  return Row(${list(() => `vec4u(${far})`)});
}

// Far everywhere but in one column.
fn source_row(column: u32, distance: u32) -> Row {
  return Row(${list((_, q) => `select(vec4u(${far}), vec4u(distance), vec4u(column) == ${columnsOf(q)})`)});
}

fn choose_row(otherwise: Row, given: Row, condition: bool) -> Row {
  return Row(${list((name) => `select(otherwise.${name}, given.${name}, condition)`)});
}

fn load_row(base: u32) -> Row {
  return Row(${list((_, q) => `work_load4(base + ${q}u)`)});
}

fn store_row(base: u32, row: Row) {
${lines((name, q) => `work_store4(base + ${q}u, row.${name});`)}
}

// 0 where two rows are the same.
fn difference(a: Row, b: Row) -> u32 {
  let bits = ${names.map((name) => `(a.${name} ^ b.${name})`).join(" | ")};
  return bits.x | bits.y | bits.z | bits.w;
}

fn plus(distance: u32, cost: u32) -> u32 {
  return bitcast<u32>(bitcast<f32>(distance) + bitcast<f32>(cost));
}

fn plus4(distances: vec4u, costs: vec4u) -> vec4u {
  return bitcast<vec4u>(bitcast<vec4f>(distances) + bitcast<vec4f>(costs));
}

// The row as near as the row beside it and itself allow.
fn relax_row(costs: Row, old: Row, beside: Row) -> Row {
${lines((name, q) => `let p${q} = min(old.${name}, plus4(${nearest(q)}, costs.${name}));`)}
  let d0 = p0.x;
${toRight.join("\n")}
  let e${width - 1} = d${width - 1};
${toLeft.join("\n")}
  return Row(${list((_, q) => `vec4u(${[0, 1, 2, 3].map((j) => cell(4 * q + j)).join(", ")})`)});
}

// The directions in which a cell's neighbours are nearest to the start, for the cells of a row.
fn store_directions_of(row: u32, above: Row, own: Row, below: Row) {
${lines((_, q) => directions(q))}
}

fn store_costs(q: u32, bits: vec4u) {
${width % 4 === 0 ? "  work_store4(q, bits);" : storeApart}
}
`;
}

/** Blocks of weights that straddle rows, cell by cell. */
const storeApart = `  for (var j = 0u; j < 4u; j++) {
    let i = 4u * q + j;
    if (i < HEIGHT * WIDTH) {
      work_store((i / WIDTH) * PITCH + i % WIDTH, bits[j]);
    }
  }`;
