// Which instance and which sample this invocation (lane) or workgroup works on, and which slot of the workspace it has.
// Private, because weight(), emit() and the others need them; they are never part of a condition around a barrier, since
// Tint takes private variables as not uniform.

var<private> at_instance: u32;
var<private> at_sample: u32;
var<private> at_slot: u32;

fn place(job: u32, slot: u32) {
  place_at(job / uniforms.samples, job % uniforms.samples, slot);
}

fn place_at(instance: u32, sample: u32, slot: u32) {
  at_instance = instance;
  at_sample = sample;
  at_slot = slot;
  place_work();
}

// Weights of one instance.
fn size() -> u32 {
  return uniforms.size + unknown_zero();
}

// How often this pass has run on the instance before.
fn repetition() -> u32 {
  return uniforms.repetition;
}

// Length of an axis of the instance, outermost first.
fn extent(axis: u32) -> u32 {
  return uniforms.extents[axis] + unknown_zero();
}
