// Goes over keys in order of index and takes those above the threshold, and of the ties as many as are wanted.

// The threshold, how many keys equal to it are still to be taken, and how many have been chosen.
struct Fill { threshold: u32, ties: u32, position: u32 }

fn fill_one(before: Fill, i: u32, key: u32, listing: bool) -> Fill {
  let tied = (key == before.threshold) & (before.ties > 0u) & (key != 0u);
  let chosen = tied | (key > before.threshold);
  if (chosen) {
    take(before.position, i, key, listing);
  }
  let ties = before.ties - select(0u, 1u, tied);
  return Fill(before.threshold, ties, before.position + select(0u, 1u, chosen));
}

fn fill_block(before: Fill, q: u32, keys: vec4u, listing: bool) -> Fill {
  let x = fill_one(before, 4u * q, keys.x, listing);
  let y = fill_one(x, 4u * q + 1u, keys.y, listing);
  let z = fill_one(y, 4u * q + 2u, keys.z, listing);
  let w = fill_one(z, 4u * q + 3u, keys.w, listing);
  let positions = vec4u(x.position, y.position, z.position, w.position);
  leave_block(q, positions != vec4u(before.position, positions.xyz));
  return w;
}
