// Two sums a channel, for kernels/channels.wgsl: of dy, and of dy times what it was multiplied with.

struct Item {
  dy: T,
  product: T,
}

struct Part {
  dy: W,
  product: W,
}

fn empty() -> Part {
  return Part(W(0), W(0));
}

fn single(a: Item) -> Part {
  return Part(together(a.dy), together(a.product));
}

fn block(a: Item, b: Item, c: Item, d: Item) -> Part {
  let product = (a.product + b.product) + (c.product + d.product);
  return Part(together((a.dy + b.dy) + (c.dy + d.dy)), together(product));
}

fn joined(a: Part, b: Part) -> Part {
  return Part(a.dy + b.dy, a.product + b.product);
}
