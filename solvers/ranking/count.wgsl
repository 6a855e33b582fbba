// Ranks by counting: 1 + how many weights come before one's own, ties by index. Four at a time against blocks of four;
// `loaded4(q)` gives block q of the weights. COMES_BEFORE says whether larger or smaller weights do.

fn count_before(own: vec4f, index: vec4u, other: f32, i: u32) -> vec4u {
  let others = vec4f(other);
  let before = select((others < own), (others > own), vec4<bool>(LARGEST_FIRST));
  let counts = before | ((others == own) & (vec4u(i) < index));
  return select(vec4u(), vec4u(1u), counts & vec4<bool>(i < size()));
}

fn rank_block(q: u32) {
  let own = loaded4(q);
  let index = vec4u(4u * q) + vec4u(0u, 1u, 2u, 3u);
  var ranks = vec4u(1u);
  for (var other = 0u; other < (size() + 3u) / 4u; other++) {
    let block = loaded4(other);
    let i = 4u * other;
    ranks += count_before(own, index, block.x, i);
    ranks += count_before(own, index, block.y, i + 1u);
    ranks += count_before(own, index, block.z, i + 2u);
    ranks += count_before(own, index, block.w, i + 3u);
  }
  for (var j = 0u; j < 4u; j++) {
    if (index[j] < size()) {
      emit_rank(index[j], ranks[j]);
    }
  }
}
