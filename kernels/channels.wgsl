// A walk over part of one channel of [images, channels, inner]: the items first, first + step, … of the channel's
// images × inner, four at a time so that the chains are short. A place moves on without a division.
// The pieces composed with it say what an `item` is, what a `single` one and a `block` of four come to (a `Part`), and
// how parts are `joined`; a `context` is loaded once for the channel.

struct Uniforms {
  count: u32,
  splits: u32,
  length: u32,
  channels: u32,
  inner: u32,
  step: u32,
  step_image: u32,
  step_inner: u32,
}

@group(0) @binding(0) var<uniform> uniforms: Uniforms;

struct Place {
  image: u32,
  inner: u32,
}

fn after(place: Place) -> Place {
  let inner = place.inner + uniforms.step_inner;
  let image = place.image + uniforms.step_image;
  if (inner >= uniforms.inner) {
    return Place(image + 1u, inner - uniforms.inner);
  }
  return Place(image, inner);
}

fn item_at(place: Place, channel: u32, context: W) -> Item {
  let at = (place.image * uniforms.channels + channel) * uniforms.inner + place.inner;
  return item(at, place.image, context);
}

fn reduced(channel: u32, first: u32) -> Part {
  let context = context_of(channel);
  let step = uniforms.step;
  var place = Place(first / uniforms.inner, first % uniforms.inner);
  var part = empty();
  var r = first;
  for (; r + 3u * step < uniforms.length; r += 4u * step) {
    let second = after(place);
    let third = after(second);
    let fourth = after(third);
    part = joined(
      part,
      block(
        item_at(place, channel, context),
        item_at(second, channel, context),
        item_at(third, channel, context),
        item_at(fourth, channel, context),
      ),
    );
    place = after(fourth);
  }
  for (; r < uniforms.length; r += step) {
    part = joined(part, single(item_at(place, channel, context)));
    place = after(place);
  }
  return part;
}
