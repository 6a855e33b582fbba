/** Blocks of four that a lane keeps in registers, so that no memory is touched from item to item. */
const mostRegisters = 16;

/** Whether a lane keeps its blocks in registers. */
export const inRegisters = (blocks: number): boolean => blocks <= mostRegisters;

/**
 * The WGSL of a lane's blocks of four: `values(b)` and `set_values(b, x)`, `changes(b)` and `set_changes(b, x)`,
 * `all_blocks()`, which calls `each_block(b)` for every one, and what comes before the first item and after the last of
 * a dispatch, `begin_blocks(last)` and `finish_blocks()`. Where the row begins, all are 0 but the last one of `values`.
 *
 * Registers are variables of their own, chosen by comparisons that fold away where b is a literal.
 */
export function blocksText(blocks: number, order: "up" | "down"): string {
  const starts = order === "up" ? "uniforms.first == 0u" : "uniforms.first + uniforms.items == uniforms.n";
  const numbers = Array.from({ length: blocks }, (_, b) => b);
  const place = (set: number, b: string | number): string => `work[(${set}u * BLOCKS + ${b}) * uniforms.count + at_row]`;
  const lastOne = (b: string | number): string => `select(vec4f(), last, ${b} == BLOCKS - 1u)`;
  if (!inRegisters(blocks)) {
    const loop = order === "down"
      ? "for (var b = BLOCKS; b > 0u; b--) { each_block(b - 1u); }"
      : "for (var b = 0u; b < BLOCKS; b++) { each_block(b); }";
    return [
      ...["values", "changes"].flatMap((name, set) => [
        `fn ${name}(b: u32) -> vec4f { return ${place(set, "b")}; }`,
        `fn set_${name}(b: u32, x: vec4f) { ${place(set, "b")} = x; }`,
      ]),
      `fn all_blocks() { ${loop} }`,
      "fn begin_blocks(last: vec4f) {",
      `  if (${starts}) {`,
      `    for (var b = 0u; b < BLOCKS; b++) { set_values(b, ${lastOne("b")});`,
      "      if (TANGENT == 1u) { set_changes(b, vec4f()); } }",
      "  }",
      "}",
      "fn finish_blocks() {}",
    ].join("\n");
  }
  const inOrder = order === "down" ? [...numbers].reverse() : numbers;
  return [
    ...["values", "changes"].flatMap((name) => [
      ...numbers.map((b) => `var<private> ${name}_${b}: vec4f;`),
      `fn ${name}(b: u32) -> vec4f {`,
      `  var x = ${name}_0;`,
      ...numbers.slice(1).map((b) => `  x = select(x, ${name}_${b}, b == ${b}u);`),
      "  return x;",
      "}",
      `fn set_${name}(b: u32, x: vec4f) {`,
      ...numbers.map((b) => `  ${name}_${b} = select(${name}_${b}, x, b == ${b}u);`),
      "}",
    ]),
    "fn all_blocks() {",
    ...inOrder.map((b) => `  each_block(${b}u);`),
    "}",
    "fn begin_blocks(last: vec4f) {",
    ...numbers.map((b) => `  values_${b} = ${b === blocks - 1 ? "last" : "vec4f()"};`),
    "}",
    // One dispatch goes through all items; the ratios are what remains of it.
    "fn finish_blocks() {",
    ...numbers.map((b) => `  ${place(0, `${b}u`)} = values_${b};`),
    "}",
  ].join("\n");
}
