/**
 * The digits as they travel from the file reader to the program: one file, the training digits first, then the test
 * digits. Their pixels as bytes, row by row, 784 a digit; after the pixels of all, one byte a digit: its label.
 */

import { ImleError } from "webgpu-imle";

export const imageSide = 28;
export const pixelCount = imageSide * imageSide;
export const patchSide = 4;
export const patchesPerSide = imageSide / patchSide;
export const patchCount = patchesPerSide * patchesPerSide;
export const pixelsPerPatch = patchSide * patchSide;
export const chosenCount = 4;
export const classCount = 10;

export const trainCount = 9_000;
export const testCount = 1_000;
export const digitCount = trainCount + testCount;

/** The file's length in bytes. */
export const packedSize = digitCount * (pixelCount + 1);

export interface Digits {
  readonly count: number;
  /** 784 bytes a digit, row by row; 255 is ink. */
  readonly pixels: Uint8Array;
  /** 0 … 9, one a digit. */
  readonly labels: Uint8Array;
}

/**
 * Splits the packed file into training and test digits: views, no copies.
 * @throws ImleError `data` when the file is of another length
 */
export function unpackDigits(packed: ArrayBuffer): { train: Digits; test: Digits } {
  if (packed.byteLength !== packedSize) {
    throw new ImleError(
      "data",
      `unpackDigits: the packed digits must be ${packedSize} bytes, got ${packed.byteLength}`,
      "Start the experiment again: it writes the file anew.",
    );
  }
  const part = (first: number, count: number): Digits => ({
    count,
    pixels: new Uint8Array(packed, first * pixelCount, count * pixelCount),
    labels: new Uint8Array(packed, digitCount * pixelCount + first, count),
  });
  return { train: part(0, trainCount), test: part(trainCount, testCount) };
}

/**
 * The digits as the networks take them: numbers in [0, 1], patch after patch, 16 pixels each. With the pixels of a
 * patch side by side, hiding patches is one product of [B, 49, 16] by a mask of [B, 49, 1]. The order of its inputs is
 * all the same to a dense layer.
 * @returns [count, 784], row-major
 */
export function inPatchOrder(digits: Digits): Float32Array {
  const source = patchOrder();
  const result = new Float32Array(digits.count * pixelCount);
  for (let digit = 0; digit < digits.count; digit++) {
    const start = digit * pixelCount;
    for (let i = 0; i < pixelCount; i++) result[start + i] = digits.pixels[start + source[i]!]! / 255;
  }
  return result;
}

/** For each place in patch order, the pixel that stands there. */
function patchOrder(): Uint16Array {
  const order = new Uint16Array(pixelCount);
  for (let y = 0; y < imageSide; y++) {
    for (let x = 0; x < imageSide; x++) {
      const patch = Math.floor(y / patchSide) * patchesPerSide + Math.floor(x / patchSide);
      order[patch * pixelsPerPatch + (y % patchSide) * patchSide + (x % patchSide)] = y * imageSide + x;
    }
  }
  return order;
}
