import { formatShape, formatValue, must } from "../../engine/error.js";
import { requireOptions } from "../../engine/ops/arguments.js";
import { defineSolver } from "../define.js";
import type { ChoiceFacts, Pass, Solver, Strategy } from "../solver.js";
import costs from "./costs.wgsl";
import directions from "./directions.wgsl";
import lane from "./lane.wgsl";
import laneRows from "./lane-rows.wgsl";
import places from "./places.wgsl";
import { pathText, rowText } from "./rows.js";
import { constantsText, reports, type Steps } from "./steps.js";
import { tilesPasses, tilesWorkspace } from "./tiles.js";
import trace from "./trace.wgsl";
import { blocksText } from "./workgroup-blocks.js";
import workgroup from "./workgroup.wgsl";
import workgroupCells from "./workgroup-cells.wgsl";
import workgroupRounds from "./workgroup-rounds.wgsl";

/** What becomes of costs below zero. */
export type NegativeCosts = "clamp" | "shift" | "error";

/** What a step across a corner costs, as a multiple of the cell's cost: 1, or √2 (in f32, rounded once more). */
export type DiagonalCost = "same" | "euclidean";

/** Options of {@link dijkstraGrid}. */
export interface DijkstraGridOptions {
  /** Cells that one step reaches: 4 across edges, 8 across corners too. By default 8. */
  readonly neighbours?: 4 | 8;
  /** By default `same`. */
  readonly diagonalCost?: DiagonalCost;
  /** Whether distances have the start's own cost in them. By default true. */
  readonly countStart?: boolean;
  /**
   * Costs below zero, as they reach the solver (with the noise, in both passes): `clamp` takes them for 0, `shift`
   * lifts all costs of the instance by as much as its least lies below 0, `error` takes them for 0 and rejects the next
   * read. By default `clamp`.
   */
  readonly negative?: NegativeCosts;
}

/** Longest side: 2²⁰ cells of the largest cost add up to what f32 holds. */
const longestSide = 1024;

/** Longest side that one invocation or one workgroup takes whole: positions in the search's queue have twelve bits. */
const longestSideInOne = 64;

/** Words of workgroup memory, of the 4,096 that every adapter has, that are left to the grid. */
const sharedWords = 4090;

/** A block of four cells for a lane, up to 256 lanes, which all adapters have. */
const workgroupSizeFor = (cells: number): number => Math.min(32 * Math.ceil(cells / 128), 256);

/** On a GPU, one invocation an instance is enough for grids this small, if there are enough of them to fill it. */
const smallGrid = 64;

/**
 * Steps over rows, and turns of the trace, before the lane strategy gives up: lavapipe ends an invocation's loops after
 * 65,535 iterations, and its other loops need up to 23,000. The worst maze known, 64 by 64, takes 16,000.
 */
const mostSteps = 42_000;

const diagonals: readonly DiagonalCost[] = ["same", "euclidean"];

const policies: Readonly<Record<NegativeCosts, number>> = { clamp: 0, shift: 1, error: 2 };

/**
 * The cheapest path on a grid of costs [...batch, H, W]: a state is 1 on the path's cells, both ends counted, else 0.
 * Exact: distances are those of Dijkstra's algorithm in f32, and of equally cheap paths the one whose cells come, from
 * the goal backwards, each from the neighbour that is least by (distance, hops, index).
 *
 * Costs are taken as f32 from 0 to 1e31 (more counts as 1e31, less than 2⁻¹²⁶ as 0). Sides are at most 1,024.
 * Inputs, all optional: `start`, by default (0, 0), and `goal`, by default (H − 1, W − 1), both i32 [...batch, 2], (row,
 * column); `obstacles`, f32 [...batch, H, W], not 0 where a cell cannot be entered.
 * Where no path leads to the goal, or start or goal is an obstacle, the state is all zeros, and costs Infinity.
 * Outputs, for `solveOutputs`: `cost`, f32 [...batch], the goal's distance; `hops`, i32 [...batch], the path's steps, −1
 * where there is none; `distance`, f32 [...batch, H, W], of every cell from the start, Infinity where no path leads.
 *
 * @throws ImleError `value` for options, `shape` or `limit` for grids without cells or above 1024 by 1024
 */
export function dijkstraGrid(options: DijkstraGridOptions = {}): Solver {
  requireOptions("dijkstraGrid", options, ["neighbours", "diagonalCost", "countStart", "negative"]);
  const { neighbours = 8, diagonalCost = "same", countStart = true, negative = "clamp" } = options;
  must(
    neighbours === 4 || neighbours === 8,
    "value",
    () => `dijkstraGrid: neighbours must be 4 or 8, got ${formatValue(neighbours)}`,
    "8 allows steps across corners.",
  );
  must(
    diagonals.includes(diagonalCost),
    "value",
    () => `dijkstraGrid: diagonalCost must be same or euclidean, got ${formatValue(diagonalCost)}`,
    "euclidean takes √2 times a cell's cost for a step across a corner.",
  );
  must(
    typeof countStart === "boolean",
    "value",
    () => `dijkstraGrid: countStart must be true or false, got ${formatValue(countStart)}`,
    "Leave it out to count the start's own cost.",
  );
  must(
    typeof negative === "string" && Object.hasOwn(policies, negative),
    "value",
    () => `dijkstraGrid: negative must be clamp, shift or error, got ${formatValue(negative)}`,
    "Leave it out to take costs below zero for 0.",
  );
  const steps: Steps = { neighbours, euclidean: diagonalCost === "euclidean" && neighbours === 8, countStart };
  const place = { dtype: "i32", shape: () => [2], optional: true } as const;
  return defineSolver({
    name: "dijkstraGrid",
    sense: "min",
    instanceAxes: 2,
    parameters: { negative: { type: "u32", value: policies[negative] } },
    inputs: { start: place, goal: place, obstacles: { dtype: "f32", shape: (shape) => shape, optional: true } },
    outputs: {
      cost: { dtype: "f32", shape: () => [] },
      hops: { dtype: "i32", shape: () => [] },
      distance: { dtype: "f32", shape: (shape) => shape },
    },
    check,
    workspace: ([height, width], strategy) => {
      if (inTiles(strategy, height!, width!)) return tilesWorkspace(height!, width!);
      return strategy === "lane" ? laneWords(height!, width!, steps) : 0;
    },
    workspaceUnit: "vec4u",
    emitsEvery: ([height, width], strategy) => strategy === "lane" && !inTiles(strategy, height!, width!),
    strategies: {
      lane: ([height, width]) => passesOf("lane", height!, width!, steps),
      workgroup: ([height, width]) => passesOf("workgroup", height!, width!, steps),
    },
    choose,
    reports,
  });
}

function check(shape: readonly number[]): void {
  const [height, width] = shape as [number, number];
  must(
    height >= 1 && width >= 1,
    "shape",
    () => `dijkstraGrid: a grid must have at least one cell, got ${formatShape(shape)}`,
    "Pass costs of shape [...batch, H, W].",
  );
  must(
    height <= longestSide && width <= longestSide,
    "limit",
    () => `dijkstraGrid: a grid must be at most ${longestSide} by ${longestSide}, got ${formatShape(shape)}`,
    "Use smaller grids.",
  );
}

function choose({ size, jobs, software }: ChoiceFacts): Strategy {
  return software || (size <= smallGrid && jobs >= 4096) ? "lane" : "workgroup";
}

/** Whether a strategy takes a grid in tiles, in several passes. */
function inTiles(strategy: Strategy, height: number, width: number): boolean {
  if (Math.max(height, width) > longestSideInOne) return true;
  return strategy === "workgroup" && sharedFor(height, width) > sharedWords;
}

function passesOf(strategy: Strategy, height: number, width: number, steps: Steps): readonly Pass[] {
  if (inTiles(strategy, height, width)) return tilesPasses(strategy, height, width, steps);
  if (strategy === "lane") return [{ wgsl: laneText(height, width, steps) }];
  return [{ wgsl: workgroupText(height, width, steps), workgroupSize: workgroupSizeFor(height * width) }];
}

/** Cells with those that fill the last block of a row. */
const paddedCells = (height: number, width: number): number => 4 * height * Math.ceil(width / 4);

/** Words of workspace of the lane strategy: distances, costs, and the queue, over the costs where it can be. */
function laneWords(height: number, width: number, { euclidean }: Steps): number {
  return (euclidean ? 3 : 2) * paddedCells(height, width);
}

function laneText(height: number, width: number, steps: Steps): string {
  const cells = paddedCells(height, width);
  const blocks = Math.ceil(width / 4);
  const sizes = {
    ...{ ROWS: height, PITCH: 4 * blocks, ROW_BLOCKS: blocks, COST_BLOCKS: cells / 4 },
    ...{ WEIGHT_BLOCKS: Math.ceil((height * width) / 4), QUEUE: steps.euclidean ? 2 * cells : cells },
    MOST_STEPS: mostSteps,
  };
  const unrolled = [rowText({ width, ...steps, halo: false }), pathText(height * width)];
  const own = [...unrolled, laneRows, directions, trace, lane];
  return [constantsText(height, width, steps, sizes), costs, places, ...own].join("\n");
}

function workgroupText(height: number, width: number, steps: Steps): string {
  const blocks = Math.ceil((height * width) / 4);
  // Turns of a lane between barriers; on GPUs a barrier costs about as much as one.
  const shared = { BLOCKS: blocks, SHARED_WORDS: sharedFor(height, width), TURNS_OF_LANE: 4 };
  const sizes = { PITCH: width, RING_PITCH: width + 2, ...shared };
  const own = blocksText(Math.ceil(blocks / workgroupSizeFor(height * width)));
  const grid = [constantsText(height, width, steps, sizes), costs, places, own];
  return [...grid, directions, trace, workgroupCells, workgroupRounds, workgroup].join("\n");
}

/** Words for distances with their ring, and later for directions and queue. */
function sharedFor(height: number, width: number): number {
  const cells = height * width;
  return Math.max((height + 2) * (width + 2), Math.ceil(cells / 4) + cells);
}
