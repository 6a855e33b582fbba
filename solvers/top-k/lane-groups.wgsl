// Long rows, k small beside n: the keys of groups' maxima are made by several invocations, and selected from by one or by
// parts, which then draw the keys of the chosen groups' elements again, and keep those that may still be chosen: all
// that are not below the least of the chosen maxima. Beside a key lies the index of its element.

// Every part of the row draws some, DRAWING of them in all.
fn keep_maxima(part: u32) {
  let blocks = (group_count() + 3u) / 4u;
  for (var q = part; q < blocks; q += DRAWING) {
    work_store4(key_blocks() + q, group_maxima(q));
  }
}

fn begin_groups(part: u32) {
  begin_selection(part, share_of(part, (group_count() + 3u) / 4u));
}

fn index_blocks() -> u32 {
  return key_blocks() + candidate_blocks();
}

fn element_of(i: u32) -> u32 {
  return work_load(4u * index_blocks() + i);
}

fn keep_candidates(part: u32) {
  let share = share_of(part, candidate_blocks());
  let bound = work_load4(CHOSEN_BLOCK).y;
  let first = 4u * (key_blocks() + share.x);
  let first_index = 4u * (index_blocks() + share.x);
  var kept = 0u;
  for (var q = share.x; q < share.y; q++) {
    let keys = candidate_block(q);
    if (any(keys >= vec4u(bound))) {
      let element = 4u * candidate_source(q);
      for (var j = 0u; j < 4u; j++) {
        if (keys[j] >= bound) {
          work_store(first + kept, keys[j]);
          work_store(first_index + kept, element + j);
          kept++;
        }
      }
    }
  }
  let blocks = (kept + 3u) / 4u;
  for (; kept < 4u * blocks; kept++) {
    work_store(first + kept, 0u);
  }
  begin_selection(part, vec2u(share.x, share.x + blocks));
}

// Without parts.
fn select_groups() {
  begin_groups(0u);
  find_threshold();
  fill_part(0u, true);
  keep_candidates(0u);
  find_threshold();
  fill_part(0u, false);
}
