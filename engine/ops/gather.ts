import gatherSource from "../../kernels/gather.wgsl";
import oneHotSource from "../../kernels/one-hot.wgsl";
import scatterAddSource from "../../kernels/scatter-add.wgsl";
import scatterSource from "../../kernels/scatter.wgsl";
import { constants, type Piece } from "../compose.js";
import { formatShape, formatValue, ImleError, must } from "../error.js";
import { sameShape, sizeOf } from "../shape.js";
import type { StatusReport } from "../status.js";
import { record } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { requireTensor } from "./arguments.js";
import { resolveAxis } from "./axes.js";

/** Which of the indices belongs to an element: one for all outer and inner, or one for each. */
const indexPlaces = {
  gather: "return position;",
  takeAlongAxis: "return (outer * positions + position) * inner_count + inner;",
} as const;

type Operation = keyof typeof indexPlaces;

/** A tensor seen as [outer, length, inner] around the axis, and how many indices meet each outer and inner. */
interface Layout {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly positions: number;
}

const lanes = 64;
/** Lanes that keep an adapter busy; more ranges than that would only read the indices more often. */
const busyLanes = { software: 256, hardware: 16384 } as const;

/** Positions, and elements of the axis, that one lane walks over: lavapipe ends loops after 65,535 turns. */
const longestStretch = 2 ** 14;

const statusKeys = { gather: {}, takeAlongAxis: {}, oneHot: {}, scatterAdd: {} } as const;

/**
 * Elements of x picked along an axis: the axes of `indices` take the place of the axis (NumPy's `take`, PyTorch's
 * `index_select`). The gradient is summed over equal indices in a fixed order, so that its bits repeat.
 *
 * @param indices i32 or u32, of any shape, from 0 to the length of the axis − 1
 * @throws ImleError `value` at the next `read`, `item` or `idle` where an index is out of range (the result is 0 there)
 */
export function gather(x: Tensor, indices: Tensor, axis = 0): Tensor {
  checkOperands("gather", x, indices);
  const along = resolveAxis("gather", x.shape, axis);
  const shape = [...x.shape.slice(0, along), ...indices.shape, ...x.shape.slice(along + 1)];
  return pick("gather", x, indices, shape, layoutOf(x.shape, along, indices.size));
}

/**
 * Elements of x picked along an axis, by an index for each element of the result (NumPy's `take_along_axis`, PyTorch's
 * `gather`): y[i, j] = x[indices[i, j], j] for axis 0.
 *
 * @param indices i32 or u32, of the shape of x save along the axis, from 0 to the length of the axis − 1
 * @throws ImleError `shape` at the call; `value` at the next `read`, `item` or `idle` where an index is out of range
 *   (the result is 0 there)
 */
export function takeAlongAxis(x: Tensor, indices: Tensor, axis: number): Tensor {
  checkOperands("takeAlongAxis", x, indices);
  const along = resolveAxis("takeAlongAxis", x.shape, axis);
  must(
    indices.shape.length === x.shape.length && indices.shape.every((n, i) => i === along || n === x.shape[i]),
    "shape",
    () =>
      `takeAlongAxis: indices must have the shape ${formatShape(x.shape)} save along axis ${along}, ` +
      `got ${formatShape(indices.shape)}`,
    "Give an index for each element of the result, or use gather.",
  );
  return pick("takeAlongAxis", x, indices, indices.shape, layoutOf(x.shape, along, indices.shape[along]!));
}

/**
 * Elements added up by index, the transpose of {@link gather}: y[a] is the sum of the values whose index is a, 0 where
 * there is none. `axis` of the result has the given length and takes the place of the axes of `indices`. Each sum is
 * made by one invocation in the order of the positions, so that its bits repeat.
 *
 * @param values of any dtype, `[...before, ...indices.shape, ...after]`
 * @param indices i32 or u32, from 0 to length − 1
 * @param length of the result's axis
 * @param axis of the result
 * @returns `[...before, length, ...after]`
 * @throws ImleError `shape` where the shapes do not fit; `value` at the next `read`, `item` or `idle` where an index is
 *   out of range (it is left out)
 */
export function scatterAdd(values: Tensor, indices: Tensor, length: number, axis = 0): Tensor {
  checkOperands("scatterAdd", values, indices);
  must(
    Number.isSafeInteger(length) && length >= 0,
    "value",
    () => `scatterAdd: length must be a whole number from 0, got ${formatValue(length)}`,
    "Pass the length of the result's axis.",
  );
  const added = values.shape.length - indices.shape.length + 1;
  const along = added > 0 ? resolveAxis("scatterAdd", new Array<number>(added).fill(1), axis) : 0;
  must(
    added > 0 && sameShape(values.shape.slice(along, along + indices.shape.length), indices.shape),
    "shape",
    () =>
      `scatterAdd: the axes of values from ${formatValue(axis)} on must be those of indices, ` +
      `got ${formatShape(values.shape)} and ${formatShape(indices.shape)}`,
    "Give each value one index, or name another axis.",
  );
  const after = values.shape.slice(along + indices.shape.length);
  const shape = [...values.shape.slice(0, along), length, ...after];
  const layout = layoutOf(shape, along, indices.size);
  const y = addUp("scatterAdd", values, indices, shape, layout);
  record({
    label: "scatterAdd",
    inputs: [values],
    outputs: [y],
    saved: [indices],
    backward: ([dy]) => [pickElements("gather", dy!, indices, values.shape, layout)],
  });
  return y;
}

/**
 * {@link takeAlongAxis} for i32 indices that a sort has made: in range, and different from each other, so that the
 * gradient is moved and not added up.
 */
export function takeDistinct(operation: string, x: Tensor, indices: Tensor, axis: number): Tensor {
  const { engine, shape } = x;
  const layout = layoutOf(shape, axis, indices.shape[axis]!);
  const y = pickElements("takeAlongAxis", x, indices, indices.shape, layout);
  record({
    label: operation,
    inputs: [x],
    outputs: [y],
    saved: [indices],
    backward: ([dy]) => {
      const dx = dy!.size === x.size ? engine.output(operation, shape) : engine.zeros(shape);
      engine.dispatch({
        kernel: engine.kernel("scatter", () => [
          constants({ LANES: lanes }),
          { name: "kernels/scatter.wgsl", text: scatterSource },
        ]),
        buffers: { dy: dy!.slice(operation), indices: indices.slice(operation), dx: dx.slice(operation) },
        uniforms: { count: dy!.size, positions: layout.positions, inner: layout.inner, length: layout.length },
        workgroups: Math.ceil(dy!.size / lanes),
      });
      return [dx];
    },
  });
  return y;
}

/**
 * Rows with a one at each index: shape [...indices.shape, depth], f32.
 *
 * @param indices i32 or u32, from 0 to depth − 1
 * @throws ImleError `value` at the next `read`, `item` or `idle` where an index is out of range (its row is 0)
 */
export function oneHot(indices: Tensor, depth: number): Tensor {
  requireTensor("oneHot", "indices", indices, ["i32", "u32"]);
  must(
    Number.isInteger(depth) && depth >= 1,
    "value",
    () => `oneHot: depth must be a whole number from 1, got ${formatValue(depth)}`,
    "Pass the number of classes.",
  );
  const { engine } = indices;
  const y = engine.output("oneHot", [...indices.shape, depth]);
  engine.dispatch({
    kernel: engine.kernel("one-hot", () => [
      constants({ LANES: lanes }),
      { name: "kernels/one-hot.wgsl", text: oneHotSource },
    ]),
    buffers: { indices: indices.slice("oneHot"), y: y.slice("oneHot"), status: engine.status.slice() },
    uniforms: { count: y.size, depth, status_word: statusWord("oneHot", indices) },
    workgroups: Math.ceil(y.size / lanes),
  });
  return y;
}

function pick(operation: Operation, x: Tensor, indices: Tensor, shape: readonly number[], layout: Layout): Tensor {
  const y = pickElements(operation, x, indices, shape, layout);
  record({
    label: operation,
    inputs: [x],
    outputs: [y],
    saved: [indices],
    backward: ([dy]) => [addUp(operation, dy!, indices, x.shape, layout)],
  });
  return y;
}

/** Not recorded. */
function pickElements(
  operation: Operation,
  x: Tensor,
  indices: Tensor,
  shape: readonly number[],
  layout: Layout,
): Tensor {
  const { engine } = x;
  const y = engine.output(operation, shape, x.dtype);
  const width = layout.inner % 4 === 0 && operation === "gather" ? 4 : 1;
  engine.dispatch({
    kernel: engine.kernel(`${operation}:${width}`, () => [
      ...pieces(operation, width === 4 ? "vec4u" : "u32"),
      { name: "kernels/gather.wgsl", text: gatherSource },
    ]),
    buffers: {
      x: x.slice(operation),
      indices: indices.slice(operation),
      y: y.slice(operation),
      status: engine.status.slice(),
    },
    uniforms: {
      count: y.size / width,
      positions: layout.positions,
      inner: layout.inner / width,
      length: layout.length,
      status_word: statusWord(operation, x),
    },
    workgroups: Math.ceil(y.size / width / lanes),
  });
  return y;
}

/**
 * Elements added up by index. As the way back of `operation` it says nothing of indices out of range: the way there
 * has. Not recorded.
 */
function addUp(
  operation: Operation | "scatterAdd",
  values: Tensor,
  indices: Tensor,
  shape: readonly number[],
  layout: Layout,
): Tensor {
  const { engine, dtype } = values;
  const y = engine.output(operation, shape, dtype);
  if (y.size === 0) return y;
  const { positions, length } = layout;
  const place = operation === "scatterAdd" ? "gather" : operation;
  const width = layout.inner % 4 === 0 && place === "gather" ? 4 : 1;
  const columns = (layout.outer * layout.inner) / width;
  const wanted = Math.ceil(busyLanes[engine.software ? "software" : "hardware"] / columns);
  const ranges = Math.max(Math.min(wanted, length), Math.ceil(length / longestStretch));
  const reports = operation === "scatterAdd";
  for (let first = 0; first === 0 || first < positions; first += longestStretch) {
    engine.dispatch({
      kernel: engine.kernel(`${place}:scatter-add:${dtype}:${width}:${reports}`, () => [
        ...pieces(place, width === 4 ? `vec4<${dtype}>` : dtype),
        reports ? reporting : silent,
        { name: "kernels/scatter-add.wgsl", text: scatterAddSource },
      ]),
      buffers: {
        dy: values.slice(operation),
        indices: indices.slice(operation),
        dx: y.slice(operation),
        ...(reports && { status: engine.status.slice() }),
      },
      uniforms: {
        count: columns * ranges,
        positions,
        inner: layout.inner / width,
        length,
        ranges,
        first_position: first,
        end_position: Math.min(first + longestStretch, positions),
        status_word: reports ? statusWord("scatterAdd", values) : 0,
      },
      workgroups: Math.ceil((columns * ranges) / lanes),
    });
  }
  return y;
}

const silent: Piece = { name: "report", text: "fn report(place: u32) {}" };
const reporting: Piece = {
  name: "report",
  text: /* @__PURE__ */ [
    "@group(0) @binding(4) var<storage, read_write> status: array<atomic<u32>>;",
    "fn report(place: u32) {",
    "  atomicMax(&status[uniforms.status_word], (1u << 24u) | (0xffffffu - min(place, 0xffffffu)));",
    "}",
  ].join("\n"),
};

function pieces(operation: Operation, element: string): Piece[] {
  const place =
    "fn index_place(outer: u32, position: u32, inner: u32, positions: u32, inner_count: u32) -> u32 " +
    `{ ${indexPlaces[operation]} }`;
  return [constants({ LANES: lanes }), { name: "element", text: `alias T = ${element};\n${place}` }];
}

function layoutOf(shape: readonly number[], axis: number, positions: number): Layout {
  return { outer: sizeOf(shape.slice(0, axis)), length: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)), positions };
}

function checkOperands(operation: string, x: Tensor, indices: Tensor): void {
  requireTensor(operation, "x", x);
  requireTensor(operation, "indices", indices, ["i32", "u32"]);
  x.engine.check(operation, [indices]);
}

function statusWord(operation: keyof typeof statusKeys, { engine }: Tensor): number {
  return engine.status.reserve(statusKeys[operation], ({ instance }: StatusReport) => {
    const place = instance === 0xffffff ? "place 16,777,215 or later" : `place ${instance}`;
    return new ImleError(
      "value",
      `${operation}: indices must lie from 0 to the length of the axis − 1, got another at ${place} of the indices`,
      "Correct the indices; negative ones do not count from the end.",
    );
  });
}
