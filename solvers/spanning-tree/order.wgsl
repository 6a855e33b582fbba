// Edges are taken in the order of (key, index), so the tree is one, whichever way it is found.
#import keys

const NONE: u32 = 0xffffffffu;

// Every round at least halves the number of components that an edge leaves; there are at most 1,000 vertices.
const ROUNDS: u32 = 11u;

const REPORT_DISCONNECTED: u32 = 1u;
const REPORT_OUTSIDE: u32 = 2u;

fn key_of(edge: u32) -> u32 {
  let key = ordered_key(weight(edge));
  return select(key, ~key, LARGEST_FIRST);
}
