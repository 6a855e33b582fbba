// Draws the land straight from storage buffers: the app's own (heights, kinds, strokes) and the learner's (costs, path,
// marginals), as they lie on the device. Two triangles a cell, all cells in one draw without instances, each of which
// SwiftShader draws anew (53 ms a frame, and 24 without); border cells also have walls.

struct Frame {
  view_projection: mat4x4f,
  // 0 shows the ground, 1 what it costs.
  costs_shown: f32,
  // Which row of `strokes` is drawn, and whether there is one.
  stroke: u32,
  has_stroke: u32,
  // Whether path and marginals are those of a stroke.
  has_path: u32,
}

@group(0) @binding(0) var<uniform> frame: Frame;
@group(0) @binding(1) var<storage, read> heights: array<f32>;
@group(0) @binding(2) var<storage, read> kinds: array<u32>;
@group(0) @binding(3) var<storage, read> strokes: array<f32>;
@group(0) @binding(4) var<storage, read> costs: array<f32>;
@group(0) @binding(5) var<storage, read> path: array<f32>;
@group(0) @binding(6) var<storage, read> marginals: array<f32>;

struct Corner {
  @builtin(position) position: vec4f,
  // Place within the cell, from its middle: −0.5 to 0.5.
  @location(0) within: vec2f,
  // What the whole cell has in common is worked out at its corners: a fragment of it reads nothing.
  @location(1) @interpolate(flat) shade: vec3f,
  // Lines through the cell, the stroke's and the path's; see links_of.
  @location(2) @interpolate(flat) links: vec2u,
}

const FLOOR = -1.5;
const SUN = vec3f(-0.45, -0.35, 0.82);

fn height(x: u32, y: u32) -> f32 {
  return heights[y * (SIDE + 1u) + x];
}

fn corner_of(vertex: u32) -> vec2u {
  // Two triangles: 0 1 2 and 2 1 3, of corners with x in bit 0 and y in bit 1.
  let corner = array<u32, 6>(0u, 1u, 2u, 2u, 1u, 3u)[vertex % 6u];
  return vec2u(corner & 1u, corner >> 1u);
}

// Neighbours in the order of their bits: the four across edges, then the four across corners.
const AROUND = array<vec2i, 8>(
  vec2i(1, 0), vec2i(0, 1), vec2i(-1, 0), vec2i(0, -1),
  vec2i(1, 1), vec2i(-1, 1), vec2i(-1, -1), vec2i(1, -1),
);
const OWN = 256u;

fn is_inside(place: vec2i) -> bool {
  return all(place >= vec2i(0)) && all(place < vec2i(i32(SIDE)));
}

fn on_stroke(place: vec2i) -> bool {
  return is_inside(place) && strokes[(frame.stroke * SIDE + u32(place.y)) * SIDE + u32(place.x)] > 0.5;
}

fn on_path(place: vec2i) -> bool {
  return is_inside(place) && path[u32(place.y) * SIDE + u32(place.x)] > 0.5;
}

// Neighbours of a line are neighbours on it: neither strokes nor cheapest paths make detours. Of a cell on the line,
// OWN and a bit for each neighbour to which it goes on. Of another, bits 4 to 7: the corners that it cuts.
fn links_of(own: bool, around: u32) -> u32 {
  if (own) {
    return OWN | around;
  }
  // Corner i lies between edge i and the next: (1, 1) between (1, 0) and (0, 1), and so on.
  let next = (around >> 1u) | ((around & 1u) << 3u);
  return (around & next & 15u) << 4u;
}

@vertex
fn top(@builtin(vertex_index) vertex: u32) -> Corner {
  let cell = vertex / 6u;
  let first = vec2u(cell % SIDE, cell / SIDE);
  let step = corner_of(vertex);
  let at = first + step;
  let east = height(first.x + 1u, first.y) - height(first.x, first.y)
    + height(first.x + 1u, first.y + 1u) - height(first.x, first.y + 1u);
  let south = height(first.x, first.y + 1u) - height(first.x, first.y)
    + height(first.x + 1u, first.y + 1u) - height(first.x + 1u, first.y);
  let normal = normalize(vec3f(-0.5 * east, -0.5 * south, 1.0));
  var out: Corner;
  out.position = frame.view_projection * vec4f(vec2f(at), height(at.x, at.y), 1.0);
  out.within = vec2f(step) - 0.5;
  out.shade = ground(cell) * lit(0.45 + 0.65 * max(dot(normal, normalize(SUN)), 0.0));
  if (frame.has_path == 1u) {
    // How often the perturbed paths come by.
    out.shade = mix(out.shade, vec3f(1.0, 0.62, 0.2), 0.55 * marginals[cell]);
  }
  let place = vec2i(first);
  var around = vec2u(0u);
  for (var i = 0u; i < 8u; i++) {
    let neighbour = place + AROUND[i];
    if (frame.has_stroke == 1u && on_stroke(neighbour)) {
      around.x |= 1u << i;
    }
    if (frame.has_path == 1u && on_path(neighbour)) {
      around.y |= 1u << i;
    }
  }
  out.links.x = links_of(frame.has_stroke == 1u && on_stroke(place), around.x);
  out.links.y = links_of(frame.has_path == 1u && on_path(place), around.y);
  return out;
}

// Walls at the border, so that the land is a block: vertex / 6 = border (0 north, 1 south, 2 west, 3 east) · SIDE + place.
@vertex
fn wall(@builtin(vertex_index) vertex: u32) -> Corner {
  let border = vertex / (6u * SIDE);
  let along = (vertex / 6u) % SIDE;
  let step = corner_of(vertex);
  let place = along + step.x;
  let far = (border & 1u) * SIDE;
  let at = select(vec2u(far, place), vec2u(place, far), border < 2u);
  let inner = (border & 1u) * (SIDE - 1u);
  let cell = select(vec2u(inner, along), vec2u(along, inner), border < 2u);
  var out: Corner;
  out.position = frame.view_projection * vec4f(vec2f(at), select(FLOOR, height(at.x, at.y), step.y == 1u), 1.0);
  out.within = vec2f(0.0);
  out.shade = ground(cell.y * SIDE + cell.x) * lit(array<f32, 4>(0.42, 0.62, 0.5, 0.55)[border]);
  out.links = vec2u(0u);
  return out;
}

// Grass, dirt, forest, water, rock.
const GROUND = array<vec3f, 5>(
  vec3f(0.53, 0.68, 0.31),
  vec3f(0.73, 0.57, 0.37),
  vec3f(0.17, 0.39, 0.22),
  vec3f(0.22, 0.47, 0.68),
  vec3f(0.56, 0.55, 0.54),
);

// From cheap (dark) to dear (light): black, purple, orange, pale yellow, in equal steps.
fn heat(t: f32) -> vec3f {
  let colours = array<vec3f, 4>(
    vec3f(0.07, 0.05, 0.16),
    vec3f(0.44, 0.11, 0.44),
    vec3f(0.93, 0.41, 0.22),
    vec3f(0.99, 0.95, 0.68),
  );
  let place = clamp(t, 0.0, 0.999) * 3.0;
  let i = u32(place);
  return mix(colours[i], colours[i + 1u], fract(place));
}

// The colour of a cell in full light: what it is of, or what it costs.
fn ground(cell: u32) -> vec3f {
  // Costs have no upper end. They begin at 0.69, which is in the middle of the colours.
  let cost = costs[cell] * costs[cell];
  return mix(GROUND[kinds[cell]], heat(cost / (0.5 + cost)), frame.costs_shown);
}

// Shadows are softer over costs, whose colours are to be compared.
fn lit(light: f32) -> f32 {
  return mix(light, 0.5 + 0.5 * light, frame.costs_shown);
}

// How far a place within a cell is from the lines through it, in cells.
fn distance_to(links: u32, within: vec2f) -> f32 {
  let is_own = (links & OWN) != 0u;
  var nearest = select(9.0, length(within), is_own);
  for (var i = 0u; i < 8u; i++) {
    if ((links & (1u << i)) == 0u) {
      continue;
    }
    let along = normalize(vec2f(AROUND[i]));
    // From the middle on towards the neighbour; or the line that cuts the corner, at right angles to it.
    let to_link = within - max(dot(within, along), 0.0) * along;
    nearest = min(nearest, select(abs(dot(within, along) - 0.70711), length(to_link), is_own));
  }
  return nearest;
}

@fragment
fn colour(corner: Corner) -> @location(0) vec4f {
  let within = corner.within;
  let blur = 0.6 * max(fwidth(within.x), fwidth(within.y)) + 0.001;
  var shade = corner.shade * select(1.0, 0.93, max(abs(within.x), abs(within.y)) > 0.47);
  if (corner.links.x != 0u) {
    let reach = distance_to(corner.links.x, within);
    shade = mix(vec3f(1.0), shade, smoothstep(0.32 - blur, 0.32 + blur, reach));
  }
  if (corner.links.y != 0u) {
    let reach = distance_to(corner.links.y, within);
    shade = mix(vec3f(1.0, 0.36, 0.05), shade, smoothstep(0.18 - blur, 0.18 + blur, reach));
  }
  return vec4f(shade, 1.0);
}
