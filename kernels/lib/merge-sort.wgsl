// A stable merge sort, one invocation an element: where the element at a place goes, in stretches that are sorted by
// counting, and then when two neighbouring stretches of `width` are merged. Whoever imports it supplies
// `fn sorted_key(row: u32, place: u32) -> u32`, the key at a place of a row; `row` is handed through.

// Equal keys keep their order.
fn place_in_block(row: u32, place: u32, length: u32, block: u32) -> u32 {
  let start = place / block * block;
  let key = sorted_key(row, place);
  var rank = 0u;
  for (var other = start; other < min(start + block, length); other++) {
    let other_key = sorted_key(row, other);
    rank += select(0u, 1u, (other_key < key) | ((other_key == key) & (other < place)));
  }
  return start + rank;
}

// By bisection, how many of the other stretch come before it; an equal key of the first stretch comes first.
fn place_in_merge(row: u32, place: u32, length: u32, width: u32) -> u32 {
  let stretch = place / width;
  let is_second = (stretch & 1u) == 1u;
  let other_start = min((stretch ^ 1u) * width, length);
  let key = sorted_key(row, place);
  var low = other_start;
  var high = min(other_start + width, length);
  while (low < high) {
    let middle = (low + high) / 2u;
    let other_key = sorted_key(row, middle);
    let is_before = (other_key < key) | (is_second & (other_key == key));
    low = select(low, middle + 1u, is_before);
    high = select(middle, high, is_before);
  }
  return (stretch & ~1u) * width + place % width + low - other_start;
}
