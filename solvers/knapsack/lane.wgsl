// 0/1 knapsack by one invocation: the best value of every capacity, in the workspace, item by item from the largest
// capacity down, so that what is read is still that of the items before. A word of decisions is 8 turns of 4.

fn value_at(capacity: u32) -> u32 {
  return size() * decision_words() + capacity;
}

fn decide(item_size: u32, value: f32, capacity: u32) -> u32 {
  let fits = item_size <= capacity;
  let without = bitcast<f32>(work_load(value_at(capacity)));
  let with_item = bitcast<f32>(work_load(value_at(capacity - select(0u, item_size, fits)))) + value;
  let taken = fits & (with_item > without);
  work_store(value_at(capacity), bitcast<u32>(select(without, with_item, taken)));
  return select(0u, 1u << (capacity % 32u), taken);
}

fn solve() {
  let capacity = own_capacity();
  let words = capacity / 32u + 1u;
  for (var c = 0u; c < 32u * words; c++) {
    work_store(value_at(c), 0u);
  }
  var block = vec4f();
  for (var item = 0u; item < size(); item++) {
    if (item % 4u == 0u) {
      block = weight4(item / 4u);
    }
    let value = block[item % 4u];
    let item_size = size_of(item);
    for (var word = words; word > 0u; word--) {
      var decisions = 0u;
      for (var turn = 0u; turn < 8u; turn++) {
        let highest = 32u * word - 1u - 4u * turn;
        decisions |= decide(item_size, value, highest);
        decisions |= decide(item_size, value, highest - 1u);
        decisions |= decide(item_size, value, highest - 2u);
        decisions |= decide(item_size, value, highest - 3u);
      }
      work_store(item * decision_words() + word - 1u, decisions);
    }
  }
  take_decisions(capacity);
}
