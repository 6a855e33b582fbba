import blocksSource from "../../kernels/softmax-blocks.wgsl";
import lanesSource from "../../kernels/softmax-lanes.wgsl";
import workgroupSource from "../../kernels/softmax-workgroup.wgsl";
import lanesGradient from "../../kernels/softmax-gradient-lanes.wgsl";
import workgroupGradient from "../../kernels/softmax-gradient-workgroup.wgsl";
import { constants, type Piece } from "../compose.js";
import { holdsElements, type Slice } from "../commands.js";
import { sizeOf } from "../shape.js";
import { record } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { requireTensor } from "./arguments.js";
import { resolveAxis } from "./axes.js";
import { mapElements } from "./map.js";
import { type Block, reduceBlock } from "./reduction.js";
import { planRows, type RowPlan, rowTypes } from "./rows.js";

type Name = "softmax" | "logSoftmax";

const sources = {
  "softmax-blocks": blocksSource,
  "softmax-lanes": lanesSource,
  "softmax-workgroup": workgroupSource,
  "softmax-gradient-lanes": lanesGradient,
  "softmax-gradient-workgroup": workgroupGradient,
} as const;

/** Numbers of a block of softmax-blocks.wgsl. */
const blockLength = 16;

/** What of (y, dy) is summed along a row, and the slope that comes of it. */
const gradients = {
  softmax: { term: "dy * y", slope: "y * (dy - sum)" },
  logSoftmax: { term: "dy", slope: "dy - exp(y) * sum" },
} as const;

/** exp(x) / Σ exp(x) along an axis, without overflow; f32. */
export function softmax(x: Tensor, axis = -1): Tensor {
  return alongAxis("softmax", x, axis);
}

/** x − log Σ exp(x) along an axis, without overflow; f32. */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  return alongAxis("logSoftmax", x, axis);
}

function alongAxis(name: Name, x: Tensor, axis: number): Tensor {
  requireTensor(name, "x", x, ["f32"]);
  const place = resolveAxis(name, x.shape, axis);
  const block = {
    outer: sizeOf(x.shape.slice(0, place)),
    length: x.shape[place]!,
    inner: sizeOf(x.shape.slice(place + 1)),
  };
  const y = forward(name, x, block);
  record({
    label: name,
    inputs: [x],
    outputs: [y],
    saved: [y],
    backward: ([dy]) => [backward(name, y, dy!, block)],
  });
  return y;
}

function forward(name: Name, x: Tensor, block: Block): Tensor {
  const { engine, shape, size } = x;
  if (size === 0) return engine.output(name, shape);
  const plan = planRows([x], block.outer, block.length, block.inner);
  if (plan.strategy === "split") return forwardSplit(name, x, block);
  const y = engine.output(name, shape);
  const buffers = { x: x.slice(name), y: y.slice(name) };
  // A processor, to which the strategies leave long rows by lanes.
  const inBlocks =
    engine.software &&
    plan.strategy === "lanes" &&
    plan.grouping === "rows" &&
    block.length % blockLength === 0 &&
    holdsElements(buffers.x, 4 * blockLength);
  dispatchRows(name, "softmax", inBlocks ? { ...plan, strategy: "blocks" } : plan, block, x, buffers);
  return y;
}

function backward(name: Name, y: Tensor, dy: Tensor, block: Block): Tensor {
  const { engine, shape, size } = y;
  if (size === 0) return engine.output(name, shape);
  const label = `${name} gradient`;
  const plan = planRows([y, dy], block.outer, block.length, block.inner);
  if (plan.strategy === "split") return backwardSplit(name, y, dy, block);
  const dx = engine.output(label, shape);
  const buffers = { y: y.slice(label), dy: dy.slice(label), dx: dx.slice(label) };
  dispatchRows(name, "softmax-gradient", plan, block, y, buffers);
  return dx;
}

function dispatchRows(
  name: Name,
  kind: "softmax" | "softmax-gradient",
  plan: Omit<RowPlan, "strategy"> & { readonly strategy: RowPlan["strategy"] | "blocks" },
  { outer, length, inner }: Block,
  { engine }: Tensor,
  buffers: Record<string, Slice>,
): void {
  const { grouping, strategy, lanes } = plan;
  const file = `${kind}-${strategy}` as keyof typeof sources;
  const count = outer * (grouping === "columns" ? inner / 4 : inner);
  engine.dispatch({
    kernel: engine.kernel(`${name}:${file}:${grouping}:${lanes}`, () => [
      constants({ LANES: lanes, LOGARITHM: name === "logSoftmax" ? 1 : 0 }),
      rowTypes(grouping),
      formulas(name),
      { name: `kernels/${file}.wgsl`, text: sources[file] },
    ]),
    buffers,
    uniforms: {
      count,
      length: strategy === "blocks" ? length / blockLength : grouping === "rows" ? length / 4 : length,
      inner: grouping === "columns" ? inner / 4 : inner,
    },
    workgroups: strategy === "workgroup" ? count : Math.ceil(count / lanes),
  });
}

function formulas(name: Name): Piece {
  const { term, slope } = gradients[name];
  return {
    name: "formulas",
    text: [
      "struct Uniforms { count: u32, length: u32, inner: u32 }",
      "@group(0) @binding(0) var<uniform> uniforms: Uniforms;",
      `fn slope_term(y: T, dy: T) -> T { return ${term}; }`,
      `fn slope(y: T, dy: T, sum: T) -> T { return ${slope}; }`,
    ].join("\n"),
  };
}

/** Few, very long rows: reductions in several dispatches, with elementwise ones between them. */
function forwardSplit(name: Name, x: Tensor, block: Block): Tensor {
  const { engine, shape } = x;
  const blockShape = [block.outer, block.length, block.inner];
  const rowShape = [block.outer, 1, block.inner];
  return engine.scope(() => {
    const maximum = reduceBlock(name, x, block, rowShape, { fold: "max" });
    const rows = x.alias(blockShape);
    const exponentials = mapElements(engine, {
      label: "shifted exponential",
      expression: "exp(x - maximum)",
      dtype: "f32",
      operands: { x: rows, maximum },
      shape: blockShape,
    });
    const sum = reduceBlock(name, exponentials, block, rowShape, { fold: "sum" });
    const result = mapElements(engine, {
      label: `${name} of parts`,
      expression: name === "softmax" ? "e / sum" : "(x - maximum) - log(sum)",
      dtype: "f32",
      operands: name === "softmax" ? { e: exponentials, sum } : { x: rows, maximum, sum },
      shape: blockShape,
    });
    return result.alias(shape);
  });
}

function backwardSplit(name: Name, y: Tensor, dy: Tensor, block: Block): Tensor {
  const { engine, shape } = y;
  const { term, slope } = gradients[name];
  const blockShape = [block.outer, block.length, block.inner];
  const operands = { y: y.alias(blockShape), dy: dy.alias(blockShape) };
  const terms = mapElements(engine, {
    label: `${name} slope terms`,
    expression: term,
    dtype: "f32",
    operands: name === "softmax" ? operands : { dy: operands.dy },
    shape: blockShape,
  });
  const sum = reduceBlock(name, terms, block, [block.outer, 1, block.inner], { fold: "sum" });
  const dx = mapElements(engine, {
    label: `${name} slopes`,
    expression: slope,
    dtype: "f32",
    operands: { ...operands, sum },
    shape: blockShape,
  });
  return dx.alias(shape);
}
