import { holdsVectors } from "../commands.js";
import source from "../../kernels/strided-copy.wgsl";
import { constants } from "../compose.js";
import { sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** A tensor seen as a box: element (i₀, i₁, …) lies at `offset + Σ iₐ·stridesₐ`, counted in elements. */
export interface StridedView {
  readonly tensor: Tensor;
  readonly offset: number;
  readonly strides: readonly number[];
}

interface Axis {
  length: number;
  from: number;
  to: number;
}

const lanes = 64;
const maximumAxes = 6;

/** The strides of a row-major tensor, in elements. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/**
 * Copies a box of `shape` from one view to another of the same dtype, as words. What the box does not cover of the
 * target stays as it is. Strides may be 0 (origin only) or negative.
 */
export function stridedCopy(
  operation: string,
  shape: readonly number[],
  origin: StridedView,
  target: StridedView,
): void {
  const count = sizeOf(shape);
  if (count === 0) return;
  const { engine } = origin.tensor;
  const axes = mergedAxes(shape, origin.strides, target.strides);
  const from = origin.tensor.slice(operation);
  const to = target.tensor.slice(operation);
  const width = isVectorwise(axes, origin.offset, target.offset) && holdsVectors(from) && holdsVectors(to) ? 4 : 1;
  const inVectors = axes.map((axis, i) =>
    i === 0 ? { ...axis, length: axis.length / width } : { ...axis, from: axis.from / width, to: axis.to / width },
  );
  engine.dispatch({
    kernel: engine.kernel(`strided-copy:${width}:${axes.length}`, () => [
      constants({ RANK: axes.length, LANES: lanes }),
      { name: "element", text: `alias T = ${width === 4 ? "vec4u" : "u32"};` },
      { name: "kernels/strided-copy.wgsl", text: source },
    ]),
    buffers: { source: from, destination: to },
    uniforms: {
      count: count / width,
      source_offset: origin.offset / width,
      target_offset: target.offset / width,
      lengths: inVectors.map(({ length }) => length),
      source_strides: inVectors.map((axis) => axis.from),
      target_strides: inVectors.map((axis) => axis.to),
    },
    workgroups: Math.ceil(count / width / lanes),
  });
}

/** The axes, innermost first, without those of length 1; neighbours that both views step through alike are joined. */
function mergedAxes(shape: readonly number[], from: readonly number[], to: readonly number[]): Axis[] {
  const axes: Axis[] = [];
  for (let i = shape.length - 1; i >= 0; i--) {
    const axis = { length: shape[i]!, from: from[i]!, to: to[i]! };
    const inner = axes.at(-1);
    if (axis.length === 1) continue;
    if (inner && axis.from === inner.from * inner.length && axis.to === inner.to * inner.length) {
      inner.length *= axis.length;
    } else axes.push(axis);
  }
  if (axes.length === 0) axes.push({ length: 1, from: 1, to: 1 });
  if (axes.length > maximumAxes) throw new Error(`strided copy: ${axes.length} axes`);
  return axes;
}

/** Whether four words at a time can be moved. */
function isVectorwise(axes: readonly Axis[], originOffset: number, targetOffset: number): boolean {
  const [inner, ...outer] = axes;
  const steps = [inner!.length, originOffset, targetOffset, ...outer.flatMap(({ from, to }) => [from, to])];
  return inner!.from === 1 && inner!.to === 1 && steps.every((step) => step % 4 === 0);
}
