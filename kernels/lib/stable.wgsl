// Functions that WGSL lacks, or has with absolute accuracy only. F is f32, or a vector of it.

// log(1 + x), also for small x: 2·atanh(x / (2 + x)) as a series up to |x| = 1/2.
fn log1p(x: F) -> F {
  let s = x / (F(2) + x);
  let q = s * s;
  let tail = q * (F(1.0 / 3.0) + q * (F(1.0 / 5.0) + q * (F(1.0 / 7.0) + q * (F(1.0 / 9.0) + q * F(1.0 / 11.0)))));
  return select(log(F(1) + x), F(2) * s * (F(1) + tail), abs(x) <= F(0.5));
}

// exp(x) − 1, also for small x: the Taylor series up to |x| = 0.4.
fn expm1(x: F) -> F {
  let high = F(1.0 / 120.0) + x * (F(1.0 / 720.0) + x * F(1.0 / 5040.0));
  let series = x * (F(1) + x * (F(0.5) + x * (F(1.0 / 6.0) + x * (F(1.0 / 24.0) + x * high))));
  return select(exp(x) - F(1), series, abs(x) <= F(0.4));
}

// Neither overflows: the exponent is never positive.
fn sigmoid(x: F) -> F {
  let e = exp(-abs(x));
  return select(e, F(1), x >= F(0)) / (F(1) + e);
}

// The rational function of degree (9, 8) whose relative error up to 9.02, where f32 has reached 1, is least (2e-8; by
// reweighted least squares): cheaper than by exp, with its own accuracy near 0.
fn hyperbolic_tangent(x: F) -> F {
  let c = clamp(x, F(-9.02), F(9.02));
  let q = c * c;
  let tops = F(0.0034940261393785477) + q * (F(2.058334393950645e-5) + q * F(1.3318885550006598e-8));
  let bottoms = F(0.025871042162179947) + q * (F(0.00032830791315063834) + q * F(7.76194212903647e-7));
  let top = F(1) + q * (F(0.13379710912704468) + q * tops);
  return c * top / (F(1) + q * (F(0.46713027358055115) + q * bottoms));
}

fn softplus(x: F) -> F {
  return max(x, F(0)) + log1p(exp(-abs(x)));
}

// a^b, also for negative a where b is whole; where it is not, |a|^b. WGSL's own pow leaves both undefined.
fn power(a: F, b: F) -> F {
  let magnitude = select(pow(max(abs(a), F(1.17549435e-38)), b), F(0), (a == F(0)) & (b > F(0)));
  let is_odd = abs(b - F(2) * floor(b * F(0.5))) == F(1);
  return select(magnitude, -magnitude, (a < F(0)) & is_odd);
}

// Of x·(1 + tanh(√(2/π)·(x + 0.044715 x³)))/2.
fn gelu_slope(x: F) -> F {
  let t = hyperbolic_tangent(F(0.7978845608) * x * (F(1) + F(0.044715) * x * x));
  return F(0.5) * (F(1) + t) + F(0.5) * x * (F(1) - t * t) * F(0.7978845608) * (F(1) + F(0.134145) * x * x);
}

// log(p), given also q = 1 − p, accurate at both ends; log(0) is held at that of the smallest f32, −87.3.
fn log_of_part(p: F, q: F) -> F {
  return select(log(max(p, F(1.17549435e-38))), log1p(-min(q, F(0.5))), q <= F(0.5));
}
