// The operands of a convolution's products, read where they lie: no matrix of patches is made.
//
// The left one is an array of numbers, [rows][inner] (the weights, or dy). The right one is a padded image, looked at
// from *pixels* through *taps*: a pixel is a place of the kernel on the image, a tap a place within the kernel, and the
// element of a pixel and a tap lies at the sum of both points. Where taps are the inner axis and pixels the columns, the
// product is the convolution or the gradient of its input (there the image is dy, and taps go backwards); where pixels
// are the inner axis and taps the columns, it is the gradient of the weights.
// With groups, a batch is one group of channels: each operand and the product has its own stretch for it.
// Points walk in steps that the host gives; an Image is one pixel, or IMAGE_PIXELS neighbours of a line.

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
  left_row: u32,
  left_run: u32,
  left_jump: u32,
  left_group: u32,
  product_group: u32,
  product_size: u32,
  product_area: u32,
  product_jump: u32,
  image_group: i32,
  pixel_channels: i32,
  tap_channels: i32,
  image: vec4i,
  pixel_start: vec4i,
  pixel_step: vec4i,
  pixel_count: vec4u,
  tap_step: vec4i,
  tap_count: vec4u,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read> left: array<Left>;
@group(0) @binding(2) var<storage, read> image: array<Image>;
@group(0) @binding(3) var<storage, read_write> product: array<Product>;

struct Batch {
  split: u32,
  group: u32,
}

fn batch_of(index: u32, split: u32) -> Batch {
  return Batch(split, index);
}

// The left operand: runs of neighbours along the inner axis, left_jump from one run to the next, in loads.

struct LeftStep {
  index: u32,
  start: u32,
}

fn left_place(batch: Batch, row: u32) -> u32 {
  return batch.group * uniforms.left_group + row * uniforms.left_row;
}

fn left_step(inner: u32) -> LeftStep {
  let step = inner / LEFT_INNER;
  return LeftStep(step % uniforms.left_run, step / uniforms.left_run * uniforms.left_jump);
}

fn left_next(step: LeftStep) -> LeftStep {
  let is_last = step.index + 1u == uniforms.left_run;
  return LeftStep(select(step.index + 1u, 0u, is_last), step.start + select(0u, uniforms.left_jump, is_last));
}

fn left_at(place: u32, step: LeftStep) -> Left {
  return left[place + step.start + step.index];
}

// The image. `offset` is where the point lies, `start` where its channel or image begins.

struct Point {
  start: i32,
  y: i32,
  x: i32,
  offset: i32,
}

fn point_at(start: i32, y: i32, x: i32) -> Point {
  return Point(start, y, x, start + y * uniforms.image.y + x);
}

// Points count in steps: x first, then y, then the next image or channel.
struct Counted {
  x: u32,
  y: u32,
  start: i32,
}

fn counted(index: u32, count: vec4u, jump: i32) -> Counted {
  let line = index / count.y;
  return Counted(index % count.y, line % count.x, i32(line / count.x) * jump);
}

fn next_of(at: Counted, count: vec4u, jump: i32) -> Counted {
  let ends_line = at.x + 1u == count.y;
  let ends_all = ends_line & (at.y + 1u == count.x);
  let y = select(at.y, at.y + 1u, ends_line);
  return Counted(select(at.x + 1u, 0u, ends_line), select(y, 0u, ends_all), at.start + select(0, jump, ends_all));
}

fn pixel_point(at: Counted) -> Point {
  let y = uniforms.pixel_start.x + i32(at.y) * uniforms.pixel_step.x;
  let x = uniforms.pixel_start.y + i32(at.x) * uniforms.pixel_step.y;
  return point_at(at.start, y, x);
}

fn tap_point(at: Counted) -> Point {
  return point_at(at.start, i32(at.y) * uniforms.tap_step.x, i32(at.x) * uniforms.tap_step.y);
}

// Where a column lies, in the group's own channels.
fn in_group(batch: Batch, at: Counted) -> Counted {
  return Counted(at.x, at.y, at.start + i32(batch.group) * uniforms.image_group);
}

fn pixel_at(index: u32) -> Counted {
  return counted(index / IMAGE_PIXELS, uniforms.pixel_count, uniforms.pixel_channels);
}

fn tap_at(index: u32) -> Counted {
  return counted(index, uniforms.tap_count, uniforms.tap_channels);
}

fn image_at(a: Point, b: Point) -> Image {
  let y = a.y + b.y;
  let x = a.x + b.x;
  // Without short circuits, which are branches: SwiftShader compiles for minutes on a tile's worth of them.
  let is_on_image = (u32(y) < u32(uniforms.image.x)) & (u32(x) < u32(uniforms.image.y));
  let is_inside = is_on_image | (PADDED == 0u);
  return select(Image(), image[select(0u, u32(a.offset + b.offset) / IMAGE_PIXELS, is_inside)], is_inside);
}

// The product: [images][rows][area], or one matrix where the area is all columns; each split has one of its own.

fn product_at(batch: Batch, row: u32, column: u32) -> u32 {
  let place = column / uniforms.product_area * uniforms.product_jump + column % uniforms.product_area;
  let start = batch.split * uniforms.product_size + batch.group * uniforms.product_group;
  return (start + row * uniforms.product_area + place) / PRODUCT_COLUMNS;
}
