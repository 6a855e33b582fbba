// Radix selection over the four bytes of keys, the highest first, by invocations without barriers: PARTS of them share the
// keys of a row, each a stretch of blocks, and between passes one of them decides a byte. Without parts one does it all.
// Before what layout.wgsl has, the workspace holds blocks: 64 of a histogram for each part | one for each part | state.
// Between passes: the histograms hold how many keys with the bytes decided so far have each next byte; padding is key 0,
// in the lowest bin, which is where a search ends that finds nothing.

const PART_BLOCKS: u32 = 64u * PARTS;
const STATE_BLOCK: u32 = 65u * PARTS;

// Bytes decided so far, how many are wanted of the keys that have them, and the next byte's shift.
struct State { prefix: u32, wanted: u32, shift: u32 }

fn state_load() -> State {
  let state = work_load4(STATE_BLOCK);
  return State(state.x, state.y, state.z);
}

fn state_store(state: State) {
  work_store4(STATE_BLOCK, vec4u(state.prefix, state.wanted, state.shift, 0u));
}

// First block of a part, and the one after its last.
fn share_of(part: u32, blocks: u32) -> vec2u {
  let own = (blocks + PARTS - 1u) / PARTS;
  let first = min(part * own, blocks);
  return vec2u(first, min(first + own, blocks));
}

// Before the first byte, which is counted when keys are there. `stretch` is where the part's own are.
fn begin_selection(part: u32, stretch: vec2u) {
  work_store4(PART_BLOCKS + part, vec4u(stretch, 0u, 0u));
  if (part == 0u) {
    state_store(State(0u, top_k_wanted(), 24u));
  }
}

fn count_byte(part: u32, difference: u32) {
  let at = 256u * part + (difference & 255u);
  work_store(at, work_load(at) + select(0u, 1u, difference < 256u));
}

// How many of a part's keys have each next byte.
fn count_part(part: u32) {
  let state = state_load();
  for (var b = 0u; b < 64u; b++) {
    work_store4(64u * part + b, vec4u());
  }
  let stretch = work_load4(PART_BLOCKS + part).xy;
  for (var q = stretch.x; q < stretch.y; q++) {
    let differences = (work_load4(key_blocks() + q) ^ vec4u(state.prefix)) >> vec4u(state.shift);
    count_byte(part, differences.x);
    count_byte(part, differences.y);
    count_byte(part, differences.z);
    count_byte(part, differences.w);
  }
}

// From the highest bin down: the one in which the wanted-th key lies.
fn decide_byte() {
  var state = state_load();
  for (var b = 64u; b > 0u; b--) {
    var here = vec4u();
    for (var part = 0u; part < PARTS; part++) {
      here += work_load4(64u * part + b - 1u);
    }
    // Keys of this bin and of those above it in the block.
    let z = here.w + here.z;
    let y = z + here.y;
    let x = y + here.x;
    if (x >= state.wanted || b == 1u) {
      let bin = count_true(vec4<bool>(y >= state.wanted, z >= state.wanted, here.w >= state.wanted, false));
      state.wanted -= select(select(select(y, z, bin == 1u), here.w, bin == 2u), 0u, bin == 3u);
      state.prefix |= (4u * (b - 1u) + bin) << state.shift;
      break;
    }
    state.wanted -= x;
  }
  state.shift -= 8u;
  state_store(state);
}

// Keys of a part above the threshold, and equal to it.
fn count_chosen(part: u32) {
  let state = state_load();
  let stretch = work_load4(PART_BLOCKS + part).xy;
  var above = 0u;
  var ties = 0u;
  for (var q = stretch.x; q < stretch.y; q++) {
    let keys = work_load4(key_blocks() + q);
    above += count_true(keys > vec4u(state.prefix));
    ties += count_true((keys == vec4u(state.prefix)) & (keys != vec4u()));
  }
  work_store4(PART_BLOCKS + part, vec4u(stretch, above, ties));
}

// Takes what is above the threshold, and of the ties as many as are wanted, lowest index first.
fn fill_part(part: u32, listing: bool) {
  let state = state_load();
  var before = vec2u();
  for (var other = 0u; other < part; other++) {
    before += work_load4(PART_BLOCKS + other).zw;
  }
  let tied_before = min(before.y, state.wanted);
  var fill = Fill(state.prefix, state.wanted - tied_before, before.x + tied_before);
  let stretch = work_load4(PART_BLOCKS + part).xy;
  for (var q = stretch.x; q < stretch.y; q++) {
    fill = fill_block(fill, q, work_load4(key_blocks() + q), listing);
  }
  if (part == PARTS - 1u) {
    tell_chosen(fill.position, state.prefix);
  }
}

// All bytes by one invocation, where there is one part.
fn find_threshold() {
  for (var byte = 0u; byte < 4u; byte++) {
    count_part(0u);
    decide_byte();
  }
}
