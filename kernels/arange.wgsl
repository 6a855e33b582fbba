// result[i] = start + i·step, four a lane. T is the type of the elements, S that of one.

#import lanes

@group(0) @binding(0) var<uniform> uniforms: Uniforms;
@group(0) @binding(1) var<storage, read_write> result: array<T>;

fn run(i: u32) {
  let place = 4u * i + vec4u(0u, 1u, 2u, 3u);
  result[i] = T(uniforms.start) + T(place) * T(uniforms.step);
}
