/** Four unsigned 32-bit words. */
export type Words4 = [number, number, number, number];

const MULTIPLIER_X = 0xd2511f53;
const MULTIPLIER_Z = 0xcd9e8d57;
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;

/** The high 32 bits of the product of two unsigned 32-bit numbers. */
function high(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 0x10000);
  const other = aLow * bHigh + (middle % 0x10000);
  return aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000);
}

/**
 * Philox4x32-10, the twin of `kernels/lib/philox.wgsl`, exact.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
 *
 * @param counter four u32
 * @param key two u32
 * @returns four u32
 */
export function philox4(counter: Readonly<Words4>, key: readonly [number, number]): Words4 {
  let [x, y, z, w] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const highX = high(x, MULTIPLIER_X);
    const highZ = high(z, MULTIPLIER_Z);
    const lowX = Math.imul(x, MULTIPLIER_X) >>> 0;
    const lowZ = Math.imul(z, MULTIPLIER_Z) >>> 0;
    x = (highZ ^ y ^ k0) >>> 0;
    y = lowZ;
    z = (highX ^ w ^ k1) >>> 0;
    w = lowX;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  return [x, y, z, w];
}

/** A uniform number strictly inside (0, 1): `(word >> 9)·2⁻²³ + 2⁻²⁴`; twin of `uniform_from` in philox.wgsl. */
export function uniformFrom(word: number): number {
  return (word >>> 9) * 2 ** -23 + 2 ** -24;
}
