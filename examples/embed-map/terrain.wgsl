// Draws the land straight from storage buffers: the app's own (heights, kinds, strokes) and the learner's (costs, path,
// marginals), as they lie on the device. One instance a cell, two triangles each; border cells also have walls.

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
  // Place within the cell, from 0 to 1.
  @location(0) within: vec2f,
  @location(1) @interpolate(flat) cell: u32,
  @location(2) @interpolate(flat) light: f32,
  // 1 on walls.
  @location(3) @interpolate(flat) wall: f32,
}

const FLOOR = -1.5;
const SUN = vec3f(-0.45, -0.35, 0.82);

fn height(x: u32, y: u32) -> f32 {
  return heights[y * (SIDE + 1u) + x];
}

fn corner_of(vertex: u32) -> vec2u {
  // Two triangles: 0 1 2 and 2 1 3, of corners with x in bit 0 and y in bit 1.
  let corner = array<u32, 6>(0u, 1u, 2u, 2u, 1u, 3u)[vertex];
  return vec2u(corner & 1u, corner >> 1u);
}

@vertex
fn top(@builtin(vertex_index) vertex: u32, @builtin(instance_index) cell: u32) -> Corner {
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
  out.within = vec2f(step);
  out.cell = cell;
  out.light = 0.45 + 0.65 * max(dot(normal, normalize(SUN)), 0.0);
  out.wall = 0.0;
  return out;
}

// Walls at the border, so that the land is a block: instance = border (0 north, 1 south, 2 west, 3 east) · SIDE + place.
@vertex
fn wall(@builtin(vertex_index) vertex: u32, @builtin(instance_index) instance: u32) -> Corner {
  let border = instance / SIDE;
  let along = instance % SIDE;
  let step = corner_of(vertex);
  let place = along + step.x;
  let far = (border & 1u) * SIDE;
  let at = select(vec2u(far, place), vec2u(place, far), border < 2u);
  let inner = (border & 1u) * (SIDE - 1u);
  let cell = select(vec2u(inner, along), vec2u(along, inner), border < 2u);
  var out: Corner;
  out.position = frame.view_projection * vec4f(vec2f(at), select(FLOOR, height(at.x, at.y), step.y == 1u), 1.0);
  out.within = vec2f(0.5);
  out.cell = cell.y * SIDE + cell.x;
  out.light = array<f32, 4>(0.42, 0.62, 0.5, 0.55)[border];
  out.wall = 1.0;
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

@fragment
fn colour(corner: Corner) -> @location(0) vec4f {
  let cell = corner.cell;
  let from_middle = abs(corner.within - 0.5);
  let edge = max(from_middle.x, from_middle.y);
  // Costs have no upper end: 1 is in the middle of the colours.
  let cost = costs[cell];
  var shade = mix(GROUND[kinds[cell]], heat(cost / (1.0 + cost)), frame.costs_shown) * corner.light;
  shade *= select(1.0, 0.93, edge > 0.47);
  if (corner.wall == 0.0) {
    if (frame.has_path == 1u) {
      // How often the perturbed paths come by, then the path itself.
      shade = mix(shade, vec3f(1.0, 0.62, 0.2), 0.55 * marginals[cell]);
      if (path[cell] > 0.5 && length(from_middle) < 0.3) {
        shade = vec3f(1.0, 0.36, 0.05);
      }
    }
    if (frame.has_stroke == 1u && strokes[frame.stroke * SIDE * SIDE + cell] > 0.5 && edge > 0.36) {
      shade = vec3f(1.0, 1.0, 1.0);
    }
  }
  return vec4f(shade, 1.0);
}
