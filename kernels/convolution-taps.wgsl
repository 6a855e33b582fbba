// The columns of the product are taps, and pixels are the inner axis.

struct RightStep {
  at: Counted,
  point: Point,
}

fn right_place(batch: Batch, column: u32) -> Point {
  return tap_point(in_group(batch, tap_at(column)));
}

fn right_step(inner: u32) -> RightStep {
  let at = pixel_at(inner);
  return RightStep(at, pixel_point(at));
}

fn right_next(step: RightStep) -> RightStep {
  let at = next_of(step.at, uniforms.pixel_count, uniforms.pixel_channels);
  return RightStep(at, pixel_point(at));
}

fn right_at(place: Point, step: RightStep) -> Image {
  return image_at(place, step.point);
}
