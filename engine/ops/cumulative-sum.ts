import source from "../../kernels/cumulative-sum.wgsl";
import { holdsVectors } from "../commands.js";
import { constants, type Piece } from "../compose.js";
import { sizeOf } from "../shape.js";
import { record } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { requireFlag, requireOptions, requireTensor } from "./arguments.js";
import { resolveAxis } from "./axes.js";
import type { Block } from "./reduction.js";

const lanes = 64;
/** Up to this length one lane walks the whole axis; a longer one is cut into chunks, whose totals are summed first. */
const longestWalk = 256;
const chunkLength = 64;

/** In which order the elements are summed, and whether each counts in its own sum. */
interface Direction {
  readonly reverse: boolean;
  readonly exclusive: boolean;
}

/**
 * Running sums along an axis: y[i] = x[0] + … + x[i]; any dtype, i32 and u32 wrap around. Additions are made in a fixed
 * order: the same bits every time on one adapter.
 *
 * @param options.reverse sums from the end: y[i] = x[i] + … + x[n − 1]
 * @param options.exclusive leaves the element itself out: y[i] = x[0] + … + x[i − 1]
 */
export function cumulativeSum(
  x: Tensor,
  axis: number,
  options: { reverse?: boolean; exclusive?: boolean } = {},
): Tensor {
  requireTensor("cumulativeSum", "x", x);
  requireOptions("cumulativeSum", options, ["reverse", "exclusive"]);
  const { reverse = false, exclusive = false } = options;
  requireFlag("cumulativeSum", "reverse", reverse);
  requireFlag("cumulativeSum", "exclusive", exclusive);
  const { shape } = x;
  const along = resolveAxis("cumulativeSum", shape, axis);
  const block = {
    outer: sizeOf(shape.slice(0, along)),
    length: shape[along]!,
    inner: sizeOf(shape.slice(along + 1)),
  };
  const y = scan(x, block, { reverse, exclusive });
  record({
    label: "cumulativeSum",
    inputs: [x],
    outputs: [y],
    backward: ([dy]) => [scan(dy!, block, { reverse: !reverse, exclusive })],
  });
  return y;
}

function scan(x: Tensor, block: Block, direction: Direction): Tensor {
  const { engine, shape, dtype } = x;
  return engine.scope(() => {
    const y = engine.output("cumulativeSum", shape, dtype);
    if (y.size === 0) return y;
    const { outer, length, inner } = block;
    if (length <= longestWalk) {
      dispatch(x, y, block, { ...direction, chunk: longestWalk });
      return y;
    }
    const chunks = Math.ceil(length / chunkLength);
    const totals = engine.output("cumulativeSum", [outer, chunks, inner], dtype);
    dispatch(x, totals, block, { ...direction, chunk: chunkLength, isTotals: true });
    const starts = scan(totals, { outer, length: chunks, inner }, { reverse: false, exclusive: true });
    dispatch(x, y, block, { ...direction, chunk: chunkLength, starts });
    return y;
  });
}

function dispatch(
  x: Tensor,
  y: Tensor,
  { outer, length, inner }: Block,
  options: Direction & { readonly chunk: number; readonly isTotals?: boolean; readonly starts?: Tensor },
): void {
  const { engine, dtype } = x;
  const { reverse, exclusive, chunk, isTotals = false, starts } = options;
  const [from, to] = [x.slice("cumulativeSum"), y.slice("cumulativeSum")];
  const width = inner % 4 === 0 && holdsVectors(from) ? 4 : 1;
  const chunks = Math.ceil(length / chunk);
  const count = (outer * chunks * inner) / width;
  const variant = isTotals ? "totals" : starts ? "from starts" : "whole";
  engine.dispatch({
    kernel: engine.kernel(`cumulative-sum:${dtype}:${width}:${chunk}:${variant}`, () => [
      constants({ LANES: lanes, CHUNK: chunk }),
      { name: "element", text: `alias T = ${width === 4 ? `vec4<${dtype}>` : dtype};` },
      isTotals ? totalsOnly : runningSums,
      starts ? fromStarts : fromZero,
      { name: "kernels/cumulative-sum.wgsl", text: source },
    ]),
    buffers: { x: from, y: to, ...(starts && { starts: starts.slice("cumulativeSum") }) },
    uniforms: {
      count,
      length,
      inner: inner / width,
      chunks,
      reverse: Number(reverse),
      exclusive: Number(exclusive),
    },
    workgroups: Math.ceil(count / lanes),
  });
}

const totalsOnly: Piece = {
  name: "totals",
  text: "fn keep(place: u32, sum: T) {}\nfn finish(i: u32, sum: T) { y[i] = sum; }",
};
const runningSums: Piece = {
  name: "running sums",
  text: "fn keep(place: u32, sum: T) { y[place] = sum; }\nfn finish(i: u32, sum: T) {}",
};
const fromZero: Piece = { name: "start", text: "fn start_of(i: u32) -> T { return T(); }" };
const fromStarts: Piece = {
  name: "start",
  text: "@group(0) @binding(3) var<storage, read> starts: array<T>;\nfn start_of(i: u32) -> T { return starts[i]; }",
};
