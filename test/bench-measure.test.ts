import { suite } from "uvu";
import * as assert from "uvu/assert";
import { estimateOf } from "../bench/estimate.js";
import {
  type Batch,
  clockStep,
  measure,
  measureFixedCost,
  type MeasureSettings,
  Measuring,
  unitTimes,
} from "../bench/measure.js";
import { median, quantile, summarise } from "../bench/statistics.js";

/** A device and a clock that are made up. Times in milliseconds. */
interface Pretence {
  readonly fixed?: number;
  /** What the nth batch's units cost each. */
  readonly unit: (batch: number) => number;
  /** The wait ends at a whole number of these. */
  readonly poll?: number;
  readonly recording?: number;
  readonly device?: boolean;
}

function pretend({ fixed = 0, unit, poll = 0, recording = 0, device = false }: Pretence) {
  let time = 0;
  const lengths: number[] = [];
  const run = (units: number): Promise<Batch> => {
    const cost = unit(lengths.length);
    lengths.push(units);
    const worked = units * cost;
    const wall = fixed + (poll > 0 ? Math.ceil(worked / poll) * poll : worked);
    time += wall;
    return Promise.resolve({ wall, recording: units * recording, device: device ? worked : null });
  };
  return { run, now: () => time, lengths };
}

/** Numbers in [0, 1) that are spread evenly, the same every time. */
function evenly(): () => number {
  let place = 0;
  return () => (place = (place + 0.618033988749895) % 1);
}

const settings: MeasureSettings = {
  batchMilliseconds: 100,
  roundMilliseconds: 10_000,
  precision: 0.02,
  maximumUnits: 4096,
};

const measuring = suite("the measuring core");

measuring("what a batch costs by itself is no part of a unit's time, with a device's clock or without", async () => {
  for (const device of [true, false]) {
    const { run, now } = pretend({ fixed: 11, unit: () => 0.2, device, recording: 0.05 });
    const result = await measure({ ...settings, run, now, fixedCost: 9, random: evenly() });
    assert.ok(result.settled);
    assert.ok(Math.abs(result.time.value - 0.2) < 1e-9, `${result.time.value}`);
    assert.ok(Math.abs(result.fixed - 11) < 1e-9, `${result.fixed}`);
    assert.ok(Math.abs(result.recording - 0.05) < 1e-9);
    // Nine are known to be in a wait, of eleven; a hundred are in the units.
    if (device) assert.ok(Math.abs(result.wall! / 0.2 - 1.02) < 0.005, `${result.wall}`);
    else assert.is(result.wall, null);
  }
});

measuring("a wait that ends at a poll every 11 ms does not shift the time", async () => {
  for (const unit of [0.037, 0.1931, 1.77, 7.3]) {
    const { run, now, lengths } = pretend({ poll: 11, unit: () => unit });
    const options = { ...settings, batchMilliseconds: 220, precision: 0.001, roundMilliseconds: 60_000 };
    const { time } = await measure({ ...options, run, now, fixedCost: 11, random: evenly() });
    assert.ok(Math.abs(time.value / unit - 1) < 0.02, `${unit}: ${time.value}`);
    // The plain quotient is too long at all but a few lengths.
    const plain = median(lengths.slice(-20).map((units) => (Math.ceil((units * unit) / 11) * 11) / units));
    assert.ok(plain > unit);
  }
});

measuring("a unit that costs now more, now less, does not settle, and says so when the time is spent", async () => {
  // Ever slower, as on a processor that grows hot.
  const { run, now } = pretend({ unit: (batch) => 0.5 * 1.05 ** batch, device: true });
  const result = await measure({ ...settings, roundMilliseconds: 2000, run, now, fixedCost: 0, random: () => 0 });
  assert.is(result.settled, false);
  assert.ok(result.time.spread! > 0.02);
  assert.ok(now() >= 2000 && now() < 2500, `${now()} ms`);
});

measuring("a unit longer than the time is measured twice, which is too few for a spread", async () => {
  const { run, now, lengths } = pretend({ fixed: 5, unit: () => 20_000 });
  const result = await measure({ ...settings, run, now, fixedCost: 5 });
  assert.equal({ ...result.time }, { value: 20_000, spread: null, count: 2 });
  assert.is(result.settled, false);
  assert.equal(lengths.slice(-2), [1, 2]);
});

measuring("a quiet machine needs twelve samples a round and no more", async () => {
  const { run, now, lengths } = pretend({ unit: () => 3, device: true });
  assert.is((await measure({ ...settings, run, now, fixedCost: 0 })).time.count, 12);
  assert.is(lengths.filter((units) => units >= 34).length, 13, "the first of them found the length");
});

measuring("batches take the time asked for, and never more units than allowed", async () => {
  for (const unit of [0.05, 0.9, 30, 99]) {
    const { run, now, lengths } = pretend({ fixed: 2, unit: () => unit });
    const { units } = await measure({ ...settings, run, now, fixedCost: 2 });
    assert.ok(units * unit >= 100 && (units - 1) * unit <= 100 + unit, `${units} of ${unit} ms`);
    assert.is(Math.max(...lengths) <= units * 1.25, true);
  }
  const { run, now, lengths } = pretend({ unit: () => 1e-4 });
  assert.is((await measure({ ...settings, run, now, fixedCost: 0 })).units, 4096);
  assert.ok(Math.max(...lengths) <= 4096 * 1.25);
  const slow = pretend({ unit: () => 300, device: true });
  assert.is((await measure({ ...settings, run: slow.run, now: slow.now, fixedCost: 0 })).units, 1);
});

measuring("the time of the calls can be the figure", async () => {
  const { run, now } = pretend({ fixed: 1, unit: () => 0.5, recording: 0.02 });
  const { time, wall } = await measure({ ...settings, run, now, fixedCost: 1, figure: "recording" });
  assert.ok(Math.abs(time.value - 0.02) < 1e-9);
  assert.is(wall, null);
});

measuring("rounds add samples of one batch length, and those of a quiet round are what is told", async () => {
  // Others have their turn between the rounds, and something else slows the first and the last down.
  let round = 0;
  const busy = [1.5, 1, 1, 1.5];
  const { run, now, lengths } = pretend({ unit: () => 3 * busy[round]!, device: true });
  const calibrator = { time: () => Promise.resolve(busy[round]!), quiet: () => 1 };
  const rounds = new Measuring({ ...settings, roundMilliseconds: 600, now, fixedCost: 0, calibrator });
  await rounds.round(run);
  assert.ok(rounds.busy === 1.5 && rounds.result.time.spread! > 1 - 1 / 1.5, "it may be quicker without that");
  assert.is(rounds.result.settled, false);
  const ends: number[] = [];
  for (round = 1; round < 4; round++) {
    await rounds.round(run);
    ends.push(lengths.length);
  }
  const { time, units, samples, settled } = rounds.result;
  assert.is(units, 23);
  assert.ok(Math.abs(time.value - 3) < 1e-9 && time.spread! < 1e-9, `${time.value} ± ${time.spread}`);
  assert.ok(settled);
  assert.is(time.count, lengths.filter((length) => length >= 23).length - 1, "the first of them found the length");
  assert.is(samples.times.length, time.count);
  assert.ok(samples.times.filter((one) => one > 4).length > time.count / 3);
  const besides = samples.times.map((one, i) => (one > 4 ? 1.5 : 1) - samples.calibrations![i]!);
  assert.ok(besides.every((one) => one === 0), besides.join());
  assert.ok(ends.every((end, i) => i === 0 || end - ends[i - 1]! < 15), "a round ends when its time is spent");
});

measuring("short batches that other work has slowed down leave the time of the long ones", async () => {
  // Each short batch is disturbed, and no long one, once their length is found.
  let calls = 0;
  let clock = 0;
  const run = (units: number): Promise<Batch> => {
    const wall = 5 + (++calls > 4 && units < 20 ? 200 : 2 * units);
    clock += wall;
    return Promise.resolve({ wall, recording: 0, device: null });
  };
  const options = { ...settings, batchMilliseconds: 60, now: () => clock, fixedCost: 5, random: () => 0 };
  assert.is((await measure({ ...options, run })).time.value, 2);
});

measuring("single batches are taken by the device's time where all have it, else without what a wait costs", () => {
  const batch = (wall: number, device: number | null) => ({ batch: { wall, recording: 2, device }, units: 10 });
  assert.equal(unitTimes([batch(31, 20), batch(41, 30)], { fixedCost: 11 }), [2, 3]);
  assert.equal(unitTimes([batch(31, 20), batch(41, null)], { fixedCost: 11 }), [2, 3]);
  assert.equal(unitTimes([batch(51, 20), batch(41, null)], { fixedCost: 11 }), [4, 3]);
  assert.equal(unitTimes([batch(31, 20)], { fixedCost: 11, figure: "recording" }), [0.2]);
});

measuring("the fixed cost is the middle of many batches, without the first, which compiles", async () => {
  const walls = [500, 11, 12, 11, 90, 11, 12, 11, 11, 12, 11, 11];
  let calls = 0;
  const cost = await measureFixedCost(() => Promise.resolve({ wall: walls[calls++]!, recording: 0, device: null }));
  assert.is(cost, 11);
  assert.is(calls, walls.length);
});

measuring("a clock's step is the least by which it moves", () => {
  let calls = 0;
  const coarse = (): number => Math.floor(calls++ / 3) * 0.125;
  assert.is(clockStep(coarse), 0.125);
});

measuring.run();

const statistics = suite("statistics of measurements");

statistics("quantiles lie between the neighbours", () => {
  assert.is(median([3, 1, 2]), 2);
  assert.is(median([4, 1, 2, 3]), 2.5);
  assert.is(quantile([0, 10], 0.25), 2.5);
  assert.is(quantile([7], 0.9), 7);
});

statistics("the spread of a sample is half the distance of the quartiles, as a share of the median", () => {
  assert.equal(summarise([10, 12, 8, 11, 9, 10, 10, 10, 10]), { median: 10, spread: 0 });
  assert.equal(summarise([8, 10, 12]), { median: 10, spread: 0.1 });
});

statistics("an estimate is the middle of the least third; its spread is that of the ratio of two such runs", () => {
  const { value, spread, count } = estimateOf([4, 1, 9, 9, 9, 9, 9, 2, 9, 9, 9, 3, 9, 9, 9, 9]);
  assert.is(count, 16);
  assert.is(value, 3.5);
  // The six least are 1 to 4 and two of 9; of their 36 quotients the third largest, by the law of such ranks.
  assert.ok(Math.abs(spread! - (9 / 2 - 1)) < 1e-9, `${spread}`);
  assert.equal(estimateOf([2, 2, 2]), { value: 2, spread: null, count: 3 });
  assert.equal(estimateOf([2, 2, 2, 2]), { value: 2, spread: 0, count: 4 });
  const busy = estimateOf([2, 2, 2, 2], 1.44);
  assert.ok(Math.abs(busy.spread! - (1 - 1 / 1.2 ** 3)) < 1e-9, "a run in quiet may be quicker by 1.44^1.5");
});

statistics.run();
