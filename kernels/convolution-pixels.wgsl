// The columns of the product are pixels, and taps are the inner axis.

struct RightStep {
  at: Counted,
  point: Point,
}

fn right_place(batch: Batch, column: u32) -> Point {
  return pixel_point(in_group(batch, pixel_at(column)));
}

fn right_step(inner: u32) -> RightStep {
  let at = tap_at(inner);
  return RightStep(at, tap_point(at));
}

fn right_next(step: RightStep) -> RightStep {
  let at = next_of(step.at, uniforms.tap_count, uniforms.tap_channels);
  return RightStep(at, tap_point(at));
}

fn right_at(place: Point, step: RightStep) -> Image {
  return image_at(place, step.point);
}
