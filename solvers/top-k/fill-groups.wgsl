// Groups of GROUP_BLOCKS neighbouring blocks: the k groups with the largest maxima, the first of equal ones, have all of the
// k largest elements in them. For each has one that goes before every element of the groups that are not chosen, as it
// is larger, or equal and, since a group's elements lie next to each other, of a lower index.

fn group_count() -> u32 {
  return (size() + 4u * GROUP_BLOCKS - 1u) / (4u * GROUP_BLOCKS);
}

fn group_maximum(group: u32) -> u32 {
  var largest = vec4u();
  for (var b = 0u; b < GROUP_BLOCKS; b++) {
    largest = max(largest, top_k_block(group * GROUP_BLOCKS + b));
  }
  return max(max(largest.x, largest.y), max(largest.z, largest.w));
}

fn group_maxima(q: u32) -> vec4u {
  let group = 4u * q;
  return vec4u(
    group_maximum(group),
    group_maximum(group + 1u),
    group_maximum(group + 2u),
    group_maximum(group + 3u),
  );
}

// Blocks of the groups on the list, one group after the other: their keys are drawn again.
fn candidate_blocks() -> u32 {
  return top_k_most() * GROUP_BLOCKS;
}

fn candidate_source(q: u32) -> u32 {
  return work_load4(LIST_BLOCKS + q / GROUP_BLOCKS).x * GROUP_BLOCKS + q % GROUP_BLOCKS;
}

fn candidate_block(q: u32) -> vec4u {
  let listed = q / GROUP_BLOCKS < chosen_count();
  return select(vec4u(), top_k_block(select(0u, candidate_source(q), listed)), listed);
}

// First groups are chosen, and listed; then elements.
fn take(position: u32, i: u32, key: u32, listing: bool) {
  if (listing) {
    work_store4(LIST_BLOCKS + position, vec4u(i, 0u, 0u, 0u));
    return;
  }
  let element = element_of(i);
  emit(element, 1);
  keep_entry(position, key, element);
}

fn leave_block(q: u32, chosen: vec4<bool>) {}
