/** WGSL of what a lane of a workgroup does for each of its `blocks` blocks of four cells, unrolled, in registers. */
export function blocksText(blocks: number): string {
  const numbers = Array.from({ length: blocks }, (_, k) => k);
  const each = (write: (k: number) => string): string => numbers.map((k) => `  ${write(k)}`).join("\n");
  const block = (k: number): string => `lane + ${k}u * WORKGROUP_SIZE`;
  const privates = (name: string, type: string): string =>
    numbers.map((k) => `var<private> ${name}_${k}: ${type};`).join("\n");

  return `${privates("weights", "vec4f")}
${privates("costs", "vec4u")}
${privates("directions", "u32")}

// Draws every weight once; beyond the last block they are neutral.
fn draw_blocks(lane: u32) {
${each((k) => `weights_${k} = weight4(${block(k)});\n  note_lowest(weights_${k});`)}
}

fn set_costs(lane: u32, least: f32) {
${each((k) => `costs_${k} = costs_of_block(${block(k)}, weights_${k} - least);`)}
}

fn start_blocks(lane: u32, start: u32) {
${each((k) => `start_block(${block(k)}, costs_${k}, start);`)}
}

fn relax_own(lane: u32) -> bool {
  var changed = false;
${each((k) => `changed = relax_block(${block(k)}, costs_${k}) || changed;`)}
  return changed;
}

fn find_directions(lane: u32) {
${each((k) => `directions_${k} = directions_of(${block(k)}, costs_${k});`)}
}

fn keep_directions(lane: u32) {
${each((k) => `keep_block(${block(k)}, directions_${k});`)}
}
`;
}
