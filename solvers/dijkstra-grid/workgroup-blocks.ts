/** WGSL of what a lane of a workgroup does for each of its `blocks` blocks of four cells, unrolled, in registers. */
export function blocksText(width: number, neighbours: 4 | 8, blocks: number): string {
  const numbers = Array.from({ length: blocks }, (_, k) => k);
  const each = (write: (k: number) => string): string => numbers.map((k) => `  ${write(k)}`).join("\n");
  const block = (k: number): string => `lane + ${k}u * WORKGROUP_SIZE`;
  const pitch = width + 2;
  /** Offsets within the ring, by bit of the direction. */
  const around: readonly (readonly [bit: number, offset: number])[] = (
    [
      ...([[0, -pitch - 1], [1, -pitch], [2, -pitch + 1], [3, -1]] as const),
      ...([[4, 1], [5, pitch - 1], [6, pitch], [7, pitch + 1]] as const),
    ]
  ).filter(([bit]) => neighbours === 8 || [1, 3, 4, 6].includes(bit));
  const neighbour = (offset: number): string => `distance_at(place ${offset < 0 ? "-" : "+"} ${Math.abs(offset)}u)`;
  const least = (values: readonly string[]): string => values.reduce((a, b) => `min(${a}, ${b})`);
  const privates = (name: string, type: string): string =>
    numbers.map((k) => `var<private> ${name}_${k}: ${type};`).join("\n");

  return `${privates("weights", "vec4f")}
${privates("costs", "vec4u")}
${privates("directions", "u32")}

fn nearest_around(place: u32) -> u32 {
  return ${least(around.map(([, offset]) => neighbour(offset)))};
}

fn directions_around(place: u32) -> u32 {
${around.map(([bit, offset]) => `  let n${bit} = ${neighbour(offset)};`).join("\n")}
  let least = ${least(around.map(([bit]) => `n${bit}`))};
  var directions = 0u;
${around.map(([bit]) => `  directions |= select(0u, ${1 << bit}u, n${bit} == least);`).join("\n")}
  return directions;
}

// Draws every weight once; beyond the last block they are neutral.
fn draw_blocks(lane: u32) {
${each((k) => `weights_${k} = weight4(${block(k)});\n  note_lowest(weights_${k});`)}
}

fn set_costs(least: f32) {
${each((k) => `costs_${k} = cost_bits(weights_${k} - least);`)}
}

fn start_blocks(lane: u32, start: u32) {
${each((k) => `start_block(${block(k)}, costs_${k}, start);`)}
}

fn relax_blocks(lane: u32) -> bool {
  var changed = false;
${each((k) => `changed = relax_block(${block(k)}, costs_${k}) || changed;`)}
  return changed;
}

fn find_directions(lane: u32) {
${each((k) => `directions_${k} = directions_of(${block(k)});`)}
}

fn keep_directions(lane: u32) {
${each((k) => `keep_block(${block(k)}, directions_${k});`)}
}
`;
}
