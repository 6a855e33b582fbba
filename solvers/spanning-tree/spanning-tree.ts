import { formatShape, formatValue, must } from "../../engine/error.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import { constantsText, loopIterations, sharedLength } from "../bounds.js";
import { defineSolver } from "../define.js";
import type { Solver, SolverReport } from "../solver.js";
import dense from "./dense.wgsl";
import lane from "./lane.wgsl";
import list from "./list.wgsl";
import order from "./order.wgsl";
import prim from "./prim.wgsl";
import workgroup from "./workgroup.wgsl";

/** Options of {@link spanningTree}. */
export interface SpanningTreeOptions {
  /** `min`: weights are costs. `max`: weights are scores. By default `min`. */
  readonly sense?: "min" | "max";
  /** How many vertices a list of edges has. Left out, the graph is complete, and its weights are [n, n]. */
  readonly vertices?: number;
}

const reports: Readonly<Record<number, SolverReport>> = {
  1: { must: "the graph must be connected", fix: "Add edges; the state is that of a spanning forest." },
  2: { must: "edges must end at vertices of the graph", fix: "Number vertices from 0 to vertices − 1." },
};

/** Four words a vertex in 16 KiB of workgroup memory, less three. */
const mostVertices = 1000;

/** 256 lanes go over all edges twice a round, in at most eleven rounds. */
const mostWeights = 2 ** 19;

/**
 * The minimum or maximum spanning tree. A state is the mask of its edges; ties go to the lower index.
 *
 * - Without `vertices` the graph is complete: weights [n, n], of which those above the diagonal are the edges. The others
 *   are not read, and their state is 0.
 * - With `vertices` weights are those of a list of edges, [m]; the input `edges`, i32 [m, 2], has their ends. Parallel
 *   edges are allowed, and edges from a vertex to itself are never taken.
 *
 * A graph that is not connected is reported: the next read rejects.
 *
 * @throws ImleError `value` where an option is out of its range, `shape` where weights are no square, `limit` beyond
 *   1,000 vertices or 524,288 weights (a complete graph: 724 vertices)
 */
export function spanningTree(options: SpanningTreeOptions = {}): Solver {
  requireOptions("spanningTree", options, ["sense", "vertices"]);
  const { sense = "min", vertices } = options;
  must(
    sense === "min" || sense === "max",
    "value",
    () => `spanningTree: sense must be min or max, got ${formatValue(sense)}`,
    "Leave it out for the minimum spanning tree.",
  );
  must(
    vertices === undefined || (Number.isInteger(vertices) && vertices >= 1),
    "value",
    () => `spanningTree: vertices must be a whole number from 1, got ${formatValue(vertices)}`,
    "Leave it out for complete graphs.",
  );
  const listed = vertices !== undefined;
  const verticesOf = (shape: readonly number[]): number => vertices ?? shape[0]!;
  const roundsOf = (shape: readonly number[]): number => Math.ceil(Math.log2(verticesOf(shape))) + 1;
  const text = (strategy: string): string =>
    [`const LARGEST_FIRST = ${sense === "max"};`, order, listed ? list : dense, strategy].join("\n");
  const onChip = (shape: readonly number[]): string =>
    constantsText({ SHARED_VERTICES: sharedLength(verticesOf(shape), mostVertices) });
  return defineSolver({
    name: "spanningTree",
    sense,
    instanceAxes: listed ? 1 : 2,
    check: (shape) => {
      must(
        listed || (shape[0] === shape[1] && shape[0]! >= 1),
        "shape",
        () => `spanningTree: weights of a complete graph must be [n, n], got ${formatShape(shape)}`,
        "Pass { vertices } for a list of edges.",
      );
      must(
        verticesOf(shape) <= mostVertices,
        "limit",
        () => `spanningTree: there must be at most ${mostVertices} vertices, got ${verticesOf(shape)}`,
        "Split the graph.",
      );
    },
    ...(listed && {
      parameters: { vertices: { type: "u32", value: vertices } },
      inputs: { edges: { dtype: "i32", shape: ([m]: readonly number[]) => [m!, 2] } },
    }),
    cacheWeights: true,
    workspace: (shape, strategy) => (strategy === "lane" ? (listed ? 4 : 2) * verticesOf(shape) : 0),
    reports,
    strategies: {
      lane: [{ wgsl: text(listed ? lane : prim) }],
      workgroup: [
        {
          wgsl: (shape) => [onChip(shape), text(workgroup)].join("\n"),
          workgroupSize: (shape) => (verticesOf(shape) <= 32 ? 64 : 256),
        },
      ],
    },
    fits: (strategy, shape) => {
      const [n, weights] = [verticesOf(shape), shape.reduce((a, b) => a * b, 1)];
      const work = listed ? roundsOf(shape) * (weights + 6 * n) : n * n;
      if (strategy === "workgroup") return weights <= mostWeights;
      return work + weights / 4 + n <= loopIterations;
    },
  });
}
