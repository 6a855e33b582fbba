import type { Pass } from "../solver.js";
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
import round from "./tiles-lane-round.wgsl";
import start from "./tiles-start.wgsl";
import tiles from "./tiles.wgsl";
import tilesTrace from "./tiles-trace.wgsl";
import trace from "./trace.wgsl";

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
export function tilesPasses(height: number, width: number, steps: Steps): readonly Pass[] {
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
    LAST_REPETITION: repetitionsOfTrace - 1,
  };
  const common = [constantsText(height, width, steps, sizes), costs, places, tiles];
  const tile = [rowText({ width: tileSide, ...steps, halo: true }), laneRows, laneTile];
  const text = (...own: string[]): string => [...common, ...own].join("\n");
  const byRow = (count: number, wgsl: string): Pass => ({ wgsl: text(wgsl), parts: () => count });
  return [
    byRow(rows, fill),
    byRow(height, start),
    { wgsl: text(aim) },
    { wgsl: text(...tile, round), parts: () => parts, repeat: () => colours * rounds },
    { wgsl: text(...tile, rest), repeat: () => Math.ceil(cells / cellsOfRest) },
    byRow(height, distance),
    { wgsl: text(directions, trace, tilesTrace), repeat: () => repetitionsOfTrace },
  ];
}
