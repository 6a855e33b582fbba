// The workspace, in blocks of four words (passes.ts tells how many): what selection needs | how many have been chosen, and
// the least key of them | the list of groups, a block each | entries of what is chosen, a block each in two areas | keys.

fn entry_blocks() -> u32 {
  return LIST_BLOCKS + select(0u, top_k_most(), GROUPED);
}

fn key_blocks() -> u32 {
  return entry_blocks() + select(0u, 2u * top_k_most(), ORDERED);
}

fn chosen_count() -> u32 {
  return work_load4(CHOSEN_BLOCK).x;
}

fn tell_chosen(count: u32, least: u32) {
  work_store4(CHOSEN_BLOCK, vec4u(count, least, 0u, 0u));
}

fn keep_entry(position: u32, key: u32, element: u32) {
  if (ORDERED) {
    work_store4(entry_blocks() + position, vec4u(~key, element, 0u, 0u));
  }
}
