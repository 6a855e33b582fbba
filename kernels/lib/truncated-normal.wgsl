// `distribution` of kernels/random.wgsl: normal numbers within ±z deviations of the mean, by inversion; z is 5 at most, so
// that erf(z/√2) is below 1 in f32 too. `parameters` are the mean, √2 deviations, erf(z/√2) and z/√2.

// Giles 2010, Approximating the erfinv function (GPU Computing Gems 2), in single precision; |x| < 1.
fn inverse_error_function(x: vec4f) -> vec4f {
  let w = -log((vec4f(1) - x) * (vec4f(1) + x));
  let c = w - vec4f(2.5);
  var near = 3.43273939e-7 + 2.81022636e-8 * c;
  near = -3.5233877e-6 + near * c;
  near = -4.39150654e-6 + near * c;
  near = 0.00021858087 + near * c;
  near = -0.00125372503 + near * c;
  near = -0.00417768164 + near * c;
  near = 0.246640727 + near * c;
  near = 1.50140941 + near * c;
  let t = sqrt(max(w, vec4f(0))) - vec4f(3);
  var far = 0.000100950558 - 0.000200214257 * t;
  far = 0.00134934322 + far * t;
  far = -0.00367342844 + far * t;
  far = 0.00573950773 + far * t;
  far = -0.0076224613 + far * t;
  far = 0.00943887047 + far * t;
  far = 1.00167406 + far * t;
  far = 2.83297682 + far * t;
  return x * select(far, near, w < vec4f(5));
}

fn distribution(words: vec4u) -> vec4f {
  let p = uniforms.parameters;
  let x = (2.0 * uniforms_from(words) - vec4f(1)) * p.z;
  return p.x + p.y * clamp(inverse_error_function(x), vec4f(-p.w), vec4f(p.w));
}
