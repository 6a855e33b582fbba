// Grids that do not fit on chip, in tiles of TILE × TILE cells, TILE_ROWS × TILE_COLUMNS of them.
// Layout of the workspace: distances, with a ring around all tiles that stays far, as [row][block of four], then costs
// likewise; the queue of the search, two words a cell; a block for each row, whose first word is its lowest weight, where
// that lies below 0; a block for each tile, with a ring of tiles around, whose first word is the round in which it is due
// to be settled (again), counted from 1; then single words. What invocations may write at once are whole blocks.
// A cell's number is the place of its distance.

const COSTS: u32 = 4u * COST_BLOCKS;
const LOWEST_BLOCKS: u32 = 4u * COST_BLOCKS;
const DUE_BLOCKS: u32 = LOWEST_BLOCKS + PADDED_ROWS;
const RING_COLUMNS: u32 = TILE_COLUMNS + 2u;
const RING_TILES: u32 = (TILE_ROWS + 2u) * RING_COLUMNS;
// Tiles that are left when the rounds are over, first in, first out; how many have been taken out and put in.
const TILE_QUEUE: u32 = 4u * (DUE_BLOCKS + RING_TILES);
const TAKEN_OUT: u32 = TILE_QUEUE + RING_TILES;
const PUT_IN: u32 = TAKEN_OUT + 1u;
// The search and the walk, between repetitions.
const SEARCH: u32 = TAKEN_OUT + 2u;

fn due(tile: u32) -> u32 {
  return work_load4(DUE_BLOCKS + tile).x;
}

fn set_due(tile: u32, round: u32) {
  work_store4(DUE_BLOCKS + tile, vec4u(round));
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
