// The operands of a batched product of matrices, each as it lies or transposed, one number or four at a time: strides
// are those of the host, counted in what is loaded at once.

struct Uniforms {
  tiles: u32,
  band: u32,
  bands: u32,
  tiles_down: u32,
  splits: u32,
  split_inner: u32,
  rows: u32,
  columns: u32,
  inner: u32,
  batches: u32,
  left_row: u32,
  left_inner: u32,
  right_column: u32,
  right_inner: u32,
  batch_lengths: vec4u,
  left_batch: vec4u,
  right_batch: vec4u,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> left: array<Left>;
@group(0) @binding(2) var<storage, read> right: array<Right>;
@group(0) @binding(3) var<storage, read_write> product: array<Product>;

struct Batch {
  left: u32,
  right: u32,
  product: u32,
}

fn batch_of(index: u32, split: u32) -> Batch {
  var batch = Batch(0u, 0u, (split * uniforms.batches + index) * uniforms.rows * uniforms.columns);
  var rest = index;
  for (var axis = 0u; axis < 4u; axis++) {
    let place = rest % uniforms.batch_lengths[axis];
    rest /= uniforms.batch_lengths[axis];
    batch.left += place * uniforms.left_batch[axis];
    batch.right += place * uniforms.right_batch[axis];
  }
  return batch;
}

fn left_place(batch: Batch, row: u32) -> u32 {
  return batch.left + row / LEFT_ROWS * uniforms.left_row;
}

fn left_step(inner: u32) -> u32 {
  return inner / LEFT_INNER * uniforms.left_inner;
}

fn left_next(step: u32) -> u32 {
  return step + uniforms.left_inner;
}

fn left_at(place: u32, step: u32) -> Left {
  return left[place + step];
}

fn right_place(batch: Batch, column: u32) -> u32 {
  return batch.right + column / RIGHT_COLUMNS * uniforms.right_column;
}

fn right_step(inner: u32) -> u32 {
  return inner / RIGHT_INNER * uniforms.right_inner;
}

fn right_next(step: u32) -> u32 {
  return step + uniforms.right_inner;
}

fn right_at(place: u32, step: u32) -> Right {
  return right[place + step];
}

fn initial_at(batch: Batch, row: u32) -> f32 {
  return 0.0;
}

fn product_at(batch: Batch, row: u32, column: u32) -> u32 {
  return (batch.product + row * uniforms.columns + column) / PRODUCT_COLUMNS;
}
