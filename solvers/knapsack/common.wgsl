// What both strategies of the knapsack share: inputs, and the way back through the decisions.
// Layout of the workspace: decisions, a bit a capacity, decision_words() an item; the lane's values behind them.

fn decision_words() -> u32 {
  return parameter_capacity() / 32u + 1u;
}

const REPORT_SIZE: u32 = 1u;
const REPORT_CAPACITY: u32 = 2u;
const REPORT_LOOPS: u32 = 3u;

// The instance's capacity; outside of 0 … parameter_capacity() it is reported, and moved inside.
fn own_capacity() -> u32 {
  let given = select(i32(parameter_capacity()), input_capacity(0u), has_capacity());
  if (given < 0 || given > i32(parameter_capacity())) {
    report(REPORT_CAPACITY);
  }
  return u32(clamp(given, 0, i32(parameter_capacity())));
}

// An item's size; one below zero is reported, and the item never taken.
fn size_of(item: u32) -> u32 {
  let given = input_sizes(item);
  if (given < 0) {
    report(REPORT_SIZE);
  }
  return select(u32(given), 0xffffffffu, given < 0);
}

// Back from the last item: what was decided with the capacity that is left.
fn take_decisions(capacity: u32) {
  var left = capacity;
  var item = size();
  for (; item > 0u; item--) {
    let word = work_load((item - 1u) * decision_words() + left / 32u);
    if (((word >> (left % 32u)) & 1u) == 1u) {
      emit(item - 1u, 1);
      left -= size_of(item - 1u);
    }
  }
  if (item > 0u) {
    report(REPORT_LOOPS);
  }
}
