// 0/1 knapsack by one workgroup: the best value of every capacity in workgroup memory, twice: an item reads one copy and
// writes the other. A lane has every WORKGROUP_SIZE-th word of 32 capacities. A barrier an item.

var<workgroup> sh_values: array<f32, 64u * SHARED_WORDS>;

fn solve(lane: u32) {
  let capacity = own_capacity();
  for (var c = lane; c < 32u * decision_words(); c += WORKGROUP_SIZE) {
    sh_values[c] = 0.0;
  }
  for (var item = 0u; item < size(); item++) {
    workgroupBarrier();
    let old = (item % 2u) * 32u * SHARED_WORDS;
    let next = 32u * SHARED_WORDS - old;
    let value = weight(item);
    let item_size = size_of(item);
    for (var word = lane; word < decision_words(); word += WORKGROUP_SIZE) {
      var decisions = 0u;
      for (var bit = 0u; bit < 32u; bit++) {
        let c = 32u * word + bit;
        let fits = item_size <= c;
        let without = sh_values[old + c];
        let with_item = sh_values[old + c - select(0u, item_size, fits)] + value;
        let taken = fits & (with_item > without);
        sh_values[next + c] = select(without, with_item, taken);
        decisions |= select(0u, 1u << bit, taken);
      }
      work_store(item * decision_words() + word, decisions);
    }
  }
  storageBarrier();
  workgroupBarrier();
  if (lane == 0u) {
    take_decisions(capacity);
  }
}
