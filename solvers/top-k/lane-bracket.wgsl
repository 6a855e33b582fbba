// Selection by one invocation, without a histogram: the wanted-th key is first bracketed between two keys of a sample
// (bracket.ts), and those within the bracket are then cut down by counting how many reach each of eight bounds.
// The workspace has all keys of the row, and after them the candidates: those within the bracket. Candidates are stored
// always, each over the last one that did not count, which on software adapters takes half as long as a store under a
// condition.

// The answer lies from low to high; `above` keys are greater than high.
struct Bracket { low: u32, high: u32, above: u32 }

// The cut keeps a ninth of the range at each turn.
const MOST_CUTS: u32 = 11u;

// Keys in the order of i32, which processors compare in half the time.
fn signed_key(key: u32) -> i32 {
  return bitcast<i32>(key ^ 0x80000000u);
}

fn signed_keys(keys: vec4u) -> vec4i {
  return bitcast<vec4i>(keys ^ vec4u(0x80000000u));
}

fn ones(each: vec4<bool>) -> vec4i {
  return select(vec4i(), vec4i(1), each);
}

// The keys of a block that lie within the bracket enter the list of `kept` candidates.
fn keep_within(bracket: Bracket, keys: vec4u, kept: u32) -> u32 {
  let order = signed_keys(keys);
  let low = vec4i(signed_key(bracket.low));
  let high = vec4i(signed_key(bracket.high));
  let within = bitcast<vec4u>(ones((order >= low) & (order <= high)));
  let first = 4u * (key_blocks() + (size() + 3u) / 4u) + kept;
  let second = first + within.x;
  let third = second + within.y;
  let fourth = third + within.z;
  work_store(first, keys.x);
  work_store(second, keys.y);
  work_store(third, keys.z);
  work_store(fourth, keys.w);
  return kept + within.x + within.y + within.z + within.w;
}

// How many of four keys reach each of four bounds.
fn reach(order: vec4i, bounds: vec4i) -> vec4i {
  return ones(vec4i(order.x) >= bounds) + ones(vec4i(order.y) >= bounds) + ones(vec4i(order.z) >= bounds) + ones(vec4i(order.w) >= bounds);
}

fn least4(values: vec4u) -> u32 {
  return min(min(values.x, values.y), min(values.z, values.w));
}

fn most4(values: vec4u) -> u32 {
  return max(max(values.x, values.y), max(values.z, values.w));
}

// Of `kept` candidates, in whole blocks, the rank-th largest one: the threshold, and how many equal to it are wanted.
fn cut(bracket: Bracket, kept: u32, rank: u32) -> Fill {
  var low = bracket.low;
  var high = bracket.high;
  var reaching = kept; // low
  var passing = 0u; // high
  let first = key_blocks() + (size() + 3u) / 4u;
  let last = first + (kept + 3u) / 4u;
  for (var turn = 0u; (turn < MOST_CUTS) & (low < high) & (reaching != rank); turn++) {
    let width = high - low;
    let step = width / 9u + 1u;
    let nearer = vec4u(low) + min(vec4u(1u, 2u, 3u, 4u) * step, vec4u(width + 1u));
    let farther = vec4u(low) + min(vec4u(5u, 6u, 7u, 8u) * step, vec4u(width + 1u));
    var signed_near = vec4i();
    var signed_far = vec4i();
    for (var q = first; q < last; q++) {
      let order = signed_keys(work_load4(q));
      signed_near += reach(order, signed_keys(nearer));
      signed_far += reach(order, signed_keys(farther));
    }
    let near = bitcast<vec4u>(signed_near);
    let far = bitcast<vec4u>(signed_far);
    // The answer reaches those bounds which as many keys as are wanted reach.
    let near_holds = near >= vec4u(rank);
    let far_holds = far >= vec4u(rank);
    let none = vec4u();
    let all = vec4u(0xffffffffu);
    reaching = min(reaching, least4(min(select(all, near, near_holds), select(all, far, far_holds))));
    passing = max(passing, most4(max(select(near, none, near_holds), select(far, none, far_holds))));
    low = max(low, most4(max(select(none, nearer, near_holds), select(none, farther, far_holds))));
    high = min(high, least4(min(select(nearer, all, near_holds), select(farther, all, far_holds))) - 1u);
  }
  // Exactly those from low on, or those above low and some that are equal to it.
  let exact = reaching == rank;
  return Fill(select(low, max(low, 1u) - 1u, exact), select(rank - passing, 0u, exact), 0u);
}

fn select_row() {
  let wanted = top_k_wanted();
  let blocks = (size() + 3u) / 4u;
  var bracket = sample_bracket(wanted);
  var above = vec4i();
  var kept = 0u;
  for (var q = 0u; q < blocks; q++) {
    let keys = top_k_block(q);
    work_store4(key_blocks() + q, keys);
    above += ones(signed_keys(keys) > vec4i(signed_key(bracket.high)));
    kept = keep_within(bracket, keys, kept);
  }
  bracket.above = u32(above.x + above.y + above.z + above.w);
  // Where the sample misled, the answer lies on that side of the bracket which the counts tell.
  let below = wanted > bracket.above + kept;
  let beyond = !below & (wanted <= bracket.above) & (wanted > 0u);
  if (below) {
    bracket = Bracket(0u, bracket.low - 1u, bracket.above + kept);
  }
  if (beyond) {
    bracket = Bracket(bracket.high + 1u, GREATEST_KEY, 0u);
  }
  if (below | beyond) {
    kept = 0u;
  }
  for (var q = 0u; (q < blocks) & (below | beyond); q++) {
    kept = keep_within(bracket, work_load4(key_blocks() + q), kept);
  }
  // The list ends with a whole block.
  let end = 4u * (key_blocks() + blocks) + kept;
  work_store(end, 0u);
  work_store(end + 1u, 0u);
  work_store(end + 2u, 0u);
  var fill = Fill(GREATEST_KEY, 0u, 0u);
  if (wanted > 0u) {
    fill = cut(bracket, kept, wanted - bracket.above);
  }
  for (var q = 0u; q < blocks; q++) {
    fill = fill_block(fill, q, work_load4(key_blocks() + q), false);
  }
  tell_chosen(fill.position, fill.threshold);
}
