import type { Pass, Strategy } from "../solver.js";
import aim from "./tiles-aim.wgsl";
import costs from "./costs.wgsl";
import directions from "./directions.wgsl";
import laneRows from "./lane-rows.wgsl";
import places from "./places.wgsl";
import { rowText } from "./rows.js";
import { constantsText, type Steps } from "./steps.js";
import distance from "./tiles-distance.wgsl";
import fill from "./tiles-fill.wgsl";
import laneTile from "./tiles-lane.wgsl";
import rest from "./tiles-lane-rest.wgsl";
import laneRound from "./tiles-lane-round.wgsl";
import start from "./tiles-start.wgsl";
import order from "./tiles-order.wgsl";
import tiles from "./tiles.wgsl";
import tilesTrace from "./tiles-trace.wgsl";
import workgroupRound from "./tiles-workgroup-round.wgsl";
import trace from "./trace.wgsl";
import workgroupCells from "./workgroup-cells.wgsl";
import workgroupRounds from "./workgroup-rounds.wgsl";

/** Side of a tile: its rows are unrolled over the width, and with its ring it would fit a workgroup's memory. */
const tileSide = 32;

/** Dispatches of a round: tiles that touch are never settled in one, since they read each other's outermost cells. */
const colours = 4;

/** Rows that are swept in a tile at a time: far more than a labyrinth in it needs, and it may be due again. */
const mostStepsOfTile = 16_000;

/** Rows that are swept in one repetition of what is left after the rounds; a last tile may exceed it. */
const stepsOfRest = 45_000;

/** Cells for which there is one such repetition, 15 rows a cell: serpentines of one-cell corridors take up to 8. */
const cellsOfRest = 3_000;

/** Turns of the search in one repetition. */
const turns = 40_000;

interface Layout {
  readonly tileRows: number;
  readonly tileColumns: number;
  /** Rows of cells, with the ring. */
  readonly rows: number;
  /** Blocks of four in a row, with the ring. */
  readonly rowBlocks: number;
}

function layoutOf(height: number, width: number): Layout {
  const tileRows = Math.ceil(height / tileSide);
  const tileColumns = Math.ceil(width / tileSide);
  return { tileRows, tileColumns, rows: tileRows * tileSide + 2, rowBlocks: (tileColumns * tileSide) / 4 + 2 };
}

/** Words of workspace for an instance in tiles, as tiles.wgsl lays them out. */
export function tilesWorkspace(height: number, width: number): number {
  const { tileRows, tileColumns, rows, rowBlocks } = layoutOf(height, width);
  const ringTiles = (tileRows + 2) * (tileColumns + 2);
  return 4 * (4 * rows * rowBlocks + rows + 3 * ringTiles) + ringTiles + 12;
}

/** The passes for a grid in tiles: costs, rounds over tiles, what is left after them, distances, the path. */
export function tilesPasses(strategy: Strategy, height: number, width: number, steps: Steps): readonly Pass[] {
  const { tileRows, tileColumns, rows, rowBlocks } = layoutOf(height, width);
  const cells = height * width;
  // A front crosses the tiles in about 1.3 rounds a side, and a way round obstacles in more.
  const rounds = Math.ceil(1.5 * (tileRows + tileColumns)) + 8;
  const parts = Math.ceil(tileRows / 2) * Math.ceil(tileColumns / 2);
  const repetitionsOfTrace = Math.ceil((8 * cells) / turns) + Math.ceil((2 * cells) / turns);
  const sizes = {
    TILE: tileSide,
    TILE_ROWS: tileRows,
    TILE_COLUMNS: tileColumns,
    PADDED_ROWS: rows,
    PITCH: 4 * rowBlocks,
    ROW_BLOCKS: rowBlocks,
    COST_BLOCKS: rows * rowBlocks,
    ROWS: tileSide,
    MOST_STEPS: mostStepsOfTile,
    STEPS_OF_REST: stepsOfRest,
    TURNS: turns,
    // Of a workgroup's lane between barriers; on GPUs a barrier costs about as much as one.
    TURNS_OF_LANE: 4,
    RING_PITCH: tileSide + 2,
    SHARED_WORDS: (tileSide + 2) ** 2,
    LAST_REPETITION: repetitionsOfTrace - 1,
  };
  const common = [constantsText(height, width, steps, sizes), costs, places, tiles, order];
  const tile = [rowText({ width: tileSide, ...steps, halo: true }), laneRows, laneTile];
  const text = (...own: string[]): string => [...common, ...own].join("\n");
  const make = strategy === "lane" ? byInvocations : byWorkgroups;
  const settleTiles =
    strategy === "lane"
      ? { wgsl: text(...tile, laneRound) }
      : { wgsl: text(workgroupCells, workgroupRounds, workgroupRound), workgroupSize: tileSide ** 2 / 4 };
  return [
    make(text(fill), "fill_row", rows),
    make(text(start), "start_row", height),
    make(text(aim), "find_aim"),
    { ...settleTiles, parts: () => parts, repeat: () => colours * rounds },
    { ...make(text(...tile, rest), "settle_rest"), repeat: () => Math.ceil(cells / cellsOfRest) },
    make(text(distance), "tell_row", height),
    { ...make(text(directions, trace, tilesTrace), "trace_path"), repeat: () => repetitionsOfTrace },
  ];
}

/** A pass in which one invocation calls a function of the text, or `count` of them do, each with its number. */
function byInvocations(text: string, called: string, count?: number): Pass {
  if (count === undefined) return { wgsl: `${text}\nfn solve() { ${called}(); }` };
  return { wgsl: `${text}\nfn solve(part: u32) { ${called}(part); }`, parts: () => count };
}

/** The same for the strategy of workgroups, whose lanes then have nothing to do with each other. */
function byWorkgroups(text: string, called: string, count?: number): Pass {
  if (count === undefined) return { wgsl: `${text}\nfn solve(lane: u32) { ${called}(); }`, workgroupSize: 1 };
  const call = `let part = at * WORKGROUP_SIZE + lane; if (part < ${count}u) { ${called}(part); }`;
  const wgsl = `${text}\nfn solve(lane: u32, at: u32) { ${call} }`;
  return { wgsl, workgroupSize: 64, parts: () => Math.ceil(count / 64) };
}
