// How many numbers there were, their mean, and the sum of their squared deviations from it: two such are joined without
// cancellation (Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983, Eq. 2.1). W is f32 or a
// vector of it.

struct Moments {
  count: f32,
  mean: W,
  squares: W,
}

fn joined(a: Moments, b: Moments) -> Moments {
  let count = a.count + b.count;
  let share = b.count / max(count, 1.0);
  let difference = b.mean - a.mean;
  let squares = a.squares + b.squares + difference * difference * (a.count * share);
  return Moments(count, a.mean + difference * share, squares);
}
