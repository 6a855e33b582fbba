// Grids that do not fit on chip, in tiles of TILE × TILE cells, TILE_ROWS × TILE_COLUMNS of them.
// Layout of the workspace: distances, with a ring around all tiles that stays far, as [row][block of four], then costs
// likewise; the queue of the search, two words a cell; a block for each row, whose first word is its lowest weight, where
// that lies below 0; three blocks for each tile, with a ring of tiles around: when it was settled and must be, and when
// its changes last mattered to each of its eight neighbours; then single words. What invocations of one dispatch write
// are whole blocks of their own, and none reads what another one writes.
// A cell's number is the place of its distance.

const COSTS: u32 = 4u * COST_BLOCKS;
const LOWEST_BLOCKS: u32 = 4u * COST_BLOCKS;
const TILE_BLOCKS: u32 = LOWEST_BLOCKS + PADDED_ROWS;
const RING_COLUMNS: u32 = TILE_COLUMNS + 2u;
const RING_TILES: u32 = (TILE_ROWS + 2u) * RING_COLUMNS;
// Tiles that are left when the rounds are over, first in, first out; how many have been taken out and put in.
const TILE_QUEUE: u32 = 4u * (TILE_BLOCKS + 3u * RING_TILES);
const TAKEN_OUT: u32 = TILE_QUEUE + RING_TILES;
const PUT_IN: u32 = TAKEN_OUT + 1u;
// The least cost of a cell, and the cost of some way to the goal.
const LEAST_COST: u32 = TAKEN_OUT + 2u;
const BOUND: u32 = TAKEN_OUT + 3u;
// The search and the walk, between repetitions.
const SEARCH: u32 = TAKEN_OUT + 4u;

// Times count dispatches of the rounds from 1. A tile is due where what it wants, or a neighbour's change, is later than
// `settled`; `queued` is for what is left after the rounds.
struct TileState { settled: u32, wants: u32, queued: bool }

fn tile_state(tile: u32) -> TileState {
  let block = work_load4(TILE_BLOCKS + 3u * tile);
  return TileState(block.x, block.y, block.z != 0u);
}

fn set_tile_state(tile: u32, state: TileState) {
  work_store4(TILE_BLOCKS + 3u * tile, vec4u(state.settled, state.wants, u32(state.queued), 0u));
}

// When a tile last changed what its neighbour in a direction reads.
fn changed_at(tile: u32, direction: u32) -> u32 {
  return work_load(4u * (TILE_BLOCKS + 3u * tile + 1u) + direction);
}

fn cell_of(place: vec2u) -> u32 {
  return (place.x + 1u) * PITCH + place.y + 4u;
}

// A tile's number within the ring of tiles, of its first block, and of the tile that a cell lies in.
fn tile_number(row: u32, column: u32) -> u32 {
  return (row + 1u) * RING_COLUMNS + column + 1u;
}

fn first_block_of(tile: u32) -> u32 {
  let row = tile / RING_COLUMNS - 1u;
  let column = tile % RING_COLUMNS - 1u;
  return (row * TILE + 1u) * ROW_BLOCKS + 1u + column * (TILE / 4u);
}

fn is_tile(tile: u32) -> bool {
  let row = tile / RING_COLUMNS;
  let column = tile % RING_COLUMNS;
  return (row >= 1u) & (row <= TILE_ROWS) & (column >= 1u) & (column <= TILE_COLUMNS);
}
