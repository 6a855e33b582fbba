// The chosen elements as a list, the largest first, of equal ones the lowest index: a merge sort of the entries, which were
// kept in order of index, one invocation an entry. It goes to and fro between two areas of them; passes of one turn read
// one area and write the other.
#import merge-sort

fn entry_at(area: u32, place: u32) -> u32 {
  return entry_blocks() + area * top_k_most() + place;
}

fn sorted_key(area: u32, place: u32) -> u32 {
  return work_load4(entry_at(area, place)).x;
}

fn order_block(entry: u32) {
  if (entry < chosen_count()) {
    let place = place_in_block(0u, entry, chosen_count(), ORDER_BLOCK);
    work_store4(entry_at(1u, place), work_load4(entry_at(0u, entry)));
  }
}

fn order_merge(entry: u32) {
  if (entry < chosen_count()) {
    let source = 1u - (repetition() & 1u);
    let place = place_in_merge(source, entry, chosen_count(), ORDER_BLOCK << repetition());
    work_store4(entry_at(1u - source, place), work_load4(entry_at(source, entry)));
  }
}

// What is beyond the chosen ones has index −1 and value 0.
fn order_emit(entry: u32) {
  if (entry >= top_k_most()) {
    return;
  }
  if (entry >= chosen_count()) {
    emit_indices(entry, -1);
    return;
  }
  let element = work_load4(entry_at(1u - (MERGES & 1u), entry)).y;
  emit_indices(entry, i32(element));
  emit_values(entry, weight(element));
}
