/** A small generator for test data (mulberry32), so that every run and runtime sees the same numbers. */
export function randomSource(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `count` f32 numbers in [low, high). */
export function randomNumbers(random: () => number, count: number, low = -1, high = 1): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, () => low + (high - low) * random());
}

/** A whole number in [low, high]. */
export function randomWhole(random: () => number, low: number, high: number): number {
  return low + Math.floor(random() * (high - low + 1));
}
