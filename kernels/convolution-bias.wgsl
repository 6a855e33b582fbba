// Each row of the product begins with its bias; the other parts of a split inner axis begin with 0.

@group(0) @binding(4) var<storage, read> bias: array<f32>;

fn initial_at(batch: Batch, row: u32) -> f32 {
  return select(0.0, bias[batch.group * uniforms.rows + row], batch.split == 0u);
}
