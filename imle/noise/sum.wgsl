// Sums over samples of a function of the noise, drawn here and never stored:
// y[instance][stripe][i] = scale · Σ_s c(instance, s, i)·f(ε(instance, s, i)) over the samples of a stripe, as many
// stripes as keep the lanes busy. One lane a block of four elements of a stripe. The host declares draw4(instance,
// sample, q), coefficient4(instance, s, q), and noise_function(x, t), t being the instance's temperature.
#import lanes

fn run(job: u32) {
  let blocks = (uniforms.size + 3u) / 4u;
  let row = job / blocks;
  let q = job % blocks;
  let instance = row / uniforms.stripes;
  let t = temperature_of(instance);
  let first = (row % uniforms.stripes) * uniforms.stripe;
  let last = min(first + uniforms.stripe, uniforms.samples);
  var sum = vec4f();
  for (var s = first; s < last; s++) {
    sum += coefficient4(instance, s, q) * noise_function(draw4(instance, uniforms.first_sample + s, q), t);
  }
  for (var j = 0u; j < 4u; j++) {
    if (4u * q + j < uniforms.size) {
      y[row * uniforms.size + 4u * q + j] = uniforms.scale * sum[j];
    }
  }
}
