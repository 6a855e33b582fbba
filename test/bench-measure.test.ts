import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  type Batch,
  clockStep,
  measure,
  measureFixedCost,
  type MeasureSettings,
  Measuring,
  unitTimes,
} from "../bench/measure.js";
import { intervalRank, median, quantile, summarise } from "../bench/statistics.js";

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
  budgetMilliseconds: 10_000,
  precision: 0.02,
  maximumUnits: 4096,
};

const measuring = suite("the measuring core");

measuring("what a batch costs by itself is no part of a unit's time", async () => {
  const { run, now } = pretend({ fixed: 11, unit: () => 0.2, device: true, recording: 0.05 });
  const result = await measure({ ...settings, run, now, fixedCost: 11, random: evenly() });
  assert.ok(result.settled);
  assert.ok(Math.abs(result.time.median - 0.2) < 1e-9, `${result.time.median}`);
  assert.ok(Math.abs(result.fixed - 11) < 1e-9, `${result.fixed}`);
  assert.ok(Math.abs(result.device!.median - 0.2) < 1e-9);
  assert.ok(Math.abs(result.recording - 0.05) < 1e-9);
});

measuring("a wait that ends at a poll every 11 ms does not shift the time", async () => {
  for (const unit of [0.037, 0.1931, 1.77, 7.3]) {
    const { run, now, lengths } = pretend({ poll: 11, unit: () => unit });
    const options = { ...settings, batchMilliseconds: 220, precision: 0.001, budgetMilliseconds: 60_000 };
    const { time } = await measure({ ...options, run, now, fixedCost: 11, random: evenly() });
    assert.ok(Math.abs(time.median / unit - 1) < 0.02, `${unit}: ${time.median}`);
    // The plain quotient is too long at all but a few lengths.
    const plain = median(lengths.slice(-20).map((units) => (Math.ceil((units * unit) / 11) * 11) / units));
    assert.ok(plain > unit);
  }
});

measuring("a unit that costs now more, now less, does not settle, and says so when the budget is spent", async () => {
  const { run, now } = pretend({ unit: (batch) => [0.5, 0.5, 1.5, 1.5][batch % 4]! });
  const result = await measure({ ...settings, run, now, fixedCost: 0, random: () => 0 });
  assert.is(result.settled, false);
  assert.ok(result.time.interval![1] - result.time.interval![0] > 0.02 * result.time.median);
  assert.ok(now() >= settings.budgetMilliseconds && now() < settings.budgetMilliseconds + 2000, `${now()} ms`);
});

measuring("a unit longer than the budget is measured in three pairs, and has not settled", async () => {
  const { run, now, lengths } = pretend({ fixed: 5, unit: () => 20_000 });
  const result = await measure({ ...settings, run, now, fixedCost: 5 });
  assert.is(result.time.count, 3);
  assert.is(result.settled, false);
  assert.is(result.time.interval, null);
  assert.equal(lengths.slice(-2), [1, 2]);
});

measuring("a quiet machine needs six pairs and no more", async () => {
  const { run, now } = pretend({ unit: () => 3 });
  assert.is((await measure({ ...settings, run, now, fixedCost: 0 })).time.count, 6);
});

measuring("long batches take the time asked for, and never more units than allowed", async () => {
  for (const unit of [0.05, 0.9, 30, 99]) {
    const { run, now, lengths } = pretend({ fixed: 2, unit: () => unit });
    const { units } = await measure({ ...settings, run, now, fixedCost: 2 });
    assert.ok(units * unit >= 100 && (units - 1) * unit <= 100 + unit, `${units} of ${unit} ms`);
    assert.is(Math.max(...lengths) <= units * 1.25, true);
  }
  const { run, now, lengths } = pretend({ unit: () => 1e-4 });
  assert.is((await measure({ ...settings, run, now, fixedCost: 0 })).units, 4096);
  assert.ok(Math.max(...lengths) <= 4096 * 1.25);
});

measuring("the time of the calls can be the figure", async () => {
  const { run, now } = pretend({ fixed: 1, unit: () => 0.5, recording: 0.02 });
  const { time } = await measure({ ...settings, run, now, fixedCost: 1, figure: "recording" });
  assert.ok(Math.abs(time.median - 0.02) < 1e-9);
});

measuring("in rounds a row takes some pairs in each, shares its budget out, and keeps its batch length", async () => {
  // Others have their turn between the rounds, and something else slows the third one down.
  let round = 0;
  const { run, now, lengths } = pretend({ unit: () => (round === 2 ? 3.01 : 3), device: true });
  const rounds = new Measuring({ ...settings, now, fixedCost: 0, rounds: 4 });
  const ends: number[] = [];
  for (; round < 4; round++) {
    await rounds.round(run, () => Promise.resolve(round === 2 ? 2 : 1));
    ends.push(lengths.length);
  }
  const { time, units, samples, settled } = rounds.result;
  assert.is(units, 34);
  assert.is(time.median, 3);
  assert.ok(settled);
  // A settled row takes four pairs a round: two batches each, after one that warms up.
  assert.equal(ends.slice(1).map((end, i) => end - ends[i]!), [9, 9, 9]);
  assert.is(time.count, 18, "six in the first round, until the median is known");
  assert.is(samples!.times.length, 2 * time.count);
  assert.equal(rounds.calibrations.filter((one) => one > 1).length, 4);
  assert.is(samples!.calibration, 1);
  assert.is(samples!.times.filter((one) => one > 3.005).length, 8);
});

measuring("a row that does not settle ends with its budget, whatever the number of rounds", async () => {
  for (const rounds of [1, 4]) {
    const { run, now } = pretend({ unit: (batch) => [0.5, 0.5, 1.5, 1.5][batch % 4]! });
    const row = new Measuring({ ...settings, now, fixedCost: 0, rounds, random: () => 0 });
    for (let round = 0; round < rounds; round++) await row.round(run);
    assert.is(row.result.settled, false);
    assert.is(row.result.samples, undefined);
    const { budgetMilliseconds } = settings;
    assert.ok(now() >= budgetMilliseconds && now() < budgetMilliseconds + rounds * 500, `${rounds}: ${now()} ms`);
  }
});

measuring("a row whose differences other work has eaten up has the time of its long batches, and did not settle", async () => {
  // Each short batch is disturbed, and no long one, once its length is found.
  let calls = 0;
  const run = (units: number): Promise<Batch> => {
    const wall = 5 + (++calls > 4 && units < 20 ? 200 : 2 * units);
    return Promise.resolve({ wall, recording: 0, device: null });
  };
  let now = 0;
  const options = { ...settings, batchMilliseconds: 60, now: () => (now += 500), fixedCost: 5, random: () => 0 };
  const { time, settled } = await measure({ ...options, run });
  assert.is(time.median, 2);
  assert.is(settled, false);
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

statistics("the interval's ends are those of the sign test's tables", () => {
  const published = { 5: null, 6: 0, 8: 0, 9: 1, 12: 2, 15: 3, 20: 5, 25: 7, 30: 9, 50: 17 };
  for (const [count, rank] of Object.entries(published)) assert.is(intervalRank(Number(count)), rank, `n ${count}`);
});

statistics("the interval covers the median in 95 of 100 equally likely cases, and a narrower one does not", () => {
  // Every pattern of values below and above the true median is as likely as any other.
  const covered = (count: number, rank: number): number => {
    let hits = 0;
    for (let pattern = 0; pattern < 2 ** count; pattern++) {
      let below = 0;
      for (let i = 0; i < count; i++) below += (pattern >> i) & 1;
      if (below > rank && count - below > rank) hits += 1;
    }
    return hits / 2 ** count;
  };
  for (const count of [6, 9, 11, 14]) {
    const rank = intervalRank(count)!;
    assert.ok(covered(count, rank) >= 0.95, `n ${count}`);
    assert.ok(covered(count, rank + 1) < 0.95, `n ${count}`);
  }
});

statistics("the spread is half the distance of the quartiles, as a share of the median", () => {
  const { median: middle, spread, count, interval } = summarise([10, 12, 8, 11, 9, 10, 10, 10, 10]);
  assert.is(middle, 10);
  assert.is(count, 9);
  assert.is(spread, 0);
  assert.equal(interval, [9, 11]);
  assert.is(summarise([8, 10, 12]).spread, 0.1);
  assert.is(summarise([8, 10, 12]).interval, null);
});

statistics.run();
