/** What the comparisons of benchmarks make of noise that is known: a made-up machine with other work in bursts. */

import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareResults, type Verdict } from "../bench/compare.js";
import { Duel } from "../bench/duel.js";
import type { Estimate } from "../bench/estimate.js";
import { type Batch, Measuring, type RunBatch } from "../bench/measure.js";
import { isOver, paceOf } from "../bench/pace.js";
import { changeOf, falseMarks, leastOf, ratioOfPairs, ratioOfRuns, ratioOfTurns } from "../bench/ratio.js";
import type { ResultsFile } from "../bench/results.js";
import { schedule } from "../bench/schedule.js";
import { resultsFile, timedRow } from "./support/bench-results.js";
import { randomSource } from "./support/random.js";

type Random = () => number;

const normal = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random());

interface Machine {
  /** Seconds of quiet and of other work, on average; 0 is none. */
  readonly quiet: number;
  readonly busy: number;
  /** How much longer the calibration kernel takes beside other work, at least and at most. */
  readonly slowdown: readonly [number, number];
}

const bursts: Machine = { quiet: 20, busy: 12, slowdown: [1.3, 2.5] };
const still: Machine = { quiet: Infinity, busy: 0, slowdown: [1, 1] };
const disturbed: Machine = { quiet: 0, busy: 60, slowdown: [1.5, 1.7] };

/** The slowdown by other work at any second, asked for in ascending order. */
function loadOf({ quiet, busy, slowdown: [least, most] }: Machine, random: Random): (second: number) => number {
  let isBusy = quiet === 0;
  let load = isBusy ? least + (most - least) * random() : 1;
  let until = isBusy ? exponential(random, busy) : exponential(random, quiet);
  return (second) => {
    while (second >= until) {
      isBusy = quiet === 0 || !isBusy;
      load = isBusy ? least + (most - least) * random() : 1;
      until += exponential(random, isBusy ? busy : quiet);
    }
    return load;
  };
}

const rows = 30;
const rounds = 4;
const samplesOfRound = 10;
const secondsOfSample = 0.15;

/**
 * A run of rows that other work slows down by more or less than the calibration kernel, as it does.
 * @param slower  by what factor each row's own work takes longer
 */
function run(machine: Machine, random: Random, scatter: number, slower: number): ResultsFile {
  const load = loadOf(machine, random);
  const times: number[][] = Array.from({ length: rows }, () => []);
  const calibrations: number[][] = Array.from({ length: rows }, () => []);
  let second = 0;
  for (let round = 0; round < rounds; round++) {
    for (let row = 0; row < rows; row++) {
      const sensitivity = 0.2 + row / rows;
      for (let i = 0; i < samplesOfRound; i++) {
        const now = load((second += secondsOfSample));
        const noise = (): number => Math.exp(scatter * Math.abs(normal(random)));
        times[row]!.push(slower * now ** sensitivity * noise());
        calibrations[row]!.push(3 * now * noise());
      }
    }
  }
  return resultsFile(
    times.map((list, row) =>
      timedRow("a", String(row), { samples: { times: list, calibrations: calibrations[row]! } }),
    ),
  );
}

/** How often each verdict is given, and the share of comparisons with any mark. */
function tally(comparisons: number, compare: (random: Random) => readonly Verdict[]) {
  const random = randomSource(7);
  const counts: Record<Verdict, number> = { slower: 0, faster: 0, same: 0, unclear: 0, more: 0, less: 0 };
  let marked = 0;
  for (let i = 0; i < comparisons; i++) {
    const verdicts = compare(random);
    for (const verdict of verdicts) counts[verdict]++;
    if (verdicts.some((verdict) => verdict === "slower" || verdict === "faster")) marked++;
  }
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const share = (verdict: Verdict): number => counts[verdict] / all;
  return { share, marked: marked / comparisons };
}

const verdictsOf = (before: ResultsFile, after: ResultsFile): Verdict[] =>
  compareResults(before, after).rows.map(({ verdict }) => verdict);

const noise = suite("comparisons under noise");

noise("of a build with itself one comparison in twenty has a mark, if any, quiet or in bursts", () => {
  for (const [machine, scatter, least] of [[still, 0.05, 0.95], [bursts, 0.05, 0.7], [bursts, 0.1, 0.6]] as const) {
    const { marked, share } = tally(30, (random) =>
      verdictsOf(run(machine, random, scatter, 1), run(machine, random, scatter, 1)),
    );
    assert.ok(marked <= 0.1, `${marked} of ${JSON.stringify(machine)}`);
    assert.ok(share("same") >= least, `${share("same")} of ${JSON.stringify(machine)}, scatter ${scatter}`);
  }
});

noise("a slowdown of 20 % is marked, quiet or in bursts, and an improvement as well", () => {
  for (const [machine, scatter, least] of [[still, 0.05, 1], [bursts, 0.05, 0.85], [bursts, 0.1, 0.7]] as const) {
    for (const [factor, wanted] of [[1.2, "slower"], [1 / 1.2, "faster"]] as const) {
      const { share } = tally(8, (random) =>
        verdictsOf(run(machine, random, scatter, 1), run(machine, random, scatter, factor)),
      );
      assert.ok(share(wanted) >= least, `${share(wanted)} ${wanted} of ${JSON.stringify(machine)}, scatter ${scatter}`);
      assert.is(share(wanted === "slower" ? "faster" : "slower"), 0);
    }
  }
});

noise("a run that was disturbed from beginning to end has no marks, in either direction", () => {
  for (const [before, after] of [[still, disturbed], [disturbed, still]] as const) {
    const { marked, share } = tally(10, (random) =>
      verdictsOf(run(before, random, 0.05, 1), run(after, random, 0.05, 1)),
    );
    assert.is(marked, 0, `${marked}`);
    assert.ok(share("unclear") >= 0.5);
  }
});

/**
 * A quick run of the suite's own schedule and measuring core on a made-up machine: batches by a device's clock, or by
 * that of a processor which waits for polls.
 */
async function quickRun(machine: Machine, random: Random, { slower = 1, poll = 0 } = {}): Promise<ResultsFile> {
  const load = loadOf(machine, random);
  let clock = 0;
  const now = (): number => clock;
  const noise = (): number => Math.exp(0.05 * Math.abs(normal(random)));
  const calibrations: number[] = [];
  const calibrator = {
    time: (): Promise<number> => {
      calibrations.push(3 * load(clock / 1000) * noise());
      clock += 12;
      return Promise.resolve(calibrations.at(-1)!);
    },
    quiet: () => leastOf(calibrations),
  };
  const pace = paceOf(true, { fixedCost: poll, step: 0, timestamps: poll === 0 });
  const measurings = Array.from({ length: rows }, () => {
    return new Measuring({ ...pace.settings, now, fixedCost: poll, calibrator, random });
  });
  const build = (row: number): RunBatch => (units): Promise<Batch> => {
    const unit = slower * 0.05 * 2 ** (row / 4);
    const worked = units * unit * load(clock / 1000) ** (0.2 + row / rows) * noise();
    const wall = poll === 0 ? worked + 1 : poll * (1 + Math.ceil(worked / poll));
    clock += wall;
    return Promise.resolve({ wall, recording: 0, device: poll === 0 ? worked : null });
  };
  const cases = measurings.map(() => ({ benchmark: "a", headline: false, ceiling: false }));
  const turns = schedule(cases, { ...pace, patience: Infinity, allowance: 4500 * rows, now });
  for (let turn = turns.next(); turn.done !== true; ) {
    const { index, round, leftOut } = turn.value;
    assert.not(leftOut);
    clock += 1500; // more rows than these
    await measurings[index]!.round(build(index));
    turn = turns.next(isOver(pace, measurings[index]!.result.settled, round));
  }
  assert.ok(clock < 4700 * rows, `${clock} ms`);
  return resultsFile(measurings.map(({ result, busy }, row) => timedRow("a", String(row), result, { busy })));
}

const measurementsOf = (file: ResultsFile) => file.rows.flatMap((row) => (row.kind === "timed" ? [row.measurement] : []));

noise("a quick run settles where it can, and another differs from it by less than is printed, 19 of 20 times", async () => {
  const random = randomSource(17);
  // Polls are rounded up in all samples alike, by what nothing in them tells.
  const cases = [[still, 0, 0.95, 0.95], [bursts, 0, 0.8, 0.93], [still, 11, 0, 0.85]] as const;
  for (const [machine, poll, settled, least] of cases) {
    let [within, count, calm] = [0, 0, 0];
    for (let pair = 0; pair < 6; pair++) {
      const [one, other] = [await quickRun(machine, random, { poll }), await quickRun(machine, random, { poll })];
      const others = measurementsOf(other);
      for (const [row, { time, settled: isSettled }] of measurementsOf(one).entries()) {
        const next = others[row]!.time;
        const told = ({ value, spread }: Estimate): number => value * (spread ?? Infinity);
        if (Math.abs(time.value - next.value) <= Math.max(told(time), told(next))) within++;
        if (isSettled) calm++;
        count++;
      }
    }
    const what = `${JSON.stringify(machine)}, poll ${poll}: ${within / count} within, ${calm / count} settled`;
    assert.ok(within / count >= least, what);
    assert.ok(calm / count >= settled, what);
  }
});

noise("of quick runs a slowdown of 20 % is marked, quiet or in bursts, and nothing of a build with itself", async () => {
  const random = randomSource(17);
  for (const [machine, least] of [[still, 0.95], [bursts, 0.7]] as const) {
    let marks = 0;
    let seen = 0;
    for (let pair = 0; pair < 6; pair++) {
      const before = await quickRun(machine, random);
      marks += verdictsOf(before, await quickRun(machine, random)).filter((one) => /slower|faster/.test(one)).length;
      const verdicts = verdictsOf(before, await quickRun(machine, random, { slower: 1.2 }));
      seen += verdicts.filter((one) => one === "slower").length / verdicts.length / 6;
      assert.not(verdicts.includes("faster"));
    }
    assert.ok(marks <= 1, `${marks} marks`);
    assert.ok(seen >= least, `${seen} of ${JSON.stringify(machine)}`);
  }
});

/** Two builds in alternation on a machine that is disturbed in short bursts. */
async function duel(random: Random, scatter: number, slower: number, second = 1): Promise<Verdict> {
  const load = loadOf({ quiet: 1, busy: 1, slowdown: [1.3, 2.5] }, random);
  let milliseconds = 0;
  let batches = 0;
  const build = (unit: number): RunBatch => (units): Promise<Batch> => {
    const place = batches++ % 2 === 0 ? 1 : second;
    const wall = units * unit * place * load(milliseconds / 1000) * Math.exp(scatter * Math.abs(normal(random)));
    milliseconds += wall;
    return Promise.resolve({ wall, recording: 0, device: wall });
  };
  const contest = new Duel({
    batchMilliseconds: 50,
    budgetMilliseconds: 10_000,
    rounds: 4,
    precision: 0.01,
    maximumUnits: 4096,
    fixedCost: 0,
    figure: "wall",
    uncertainty: falseMarks / rows,
    now: () => milliseconds,
  });
  for (let round = 0; round < 4; round++) {
    await contest.round(build(1), build(slower));
    milliseconds += 20_000;
  }
  return contest.result.verdict;
}

noise("builds in alternation: 20 % is marked in bursts that last a second, and nothing of a build with itself", async () => {
  const random = randomSource(3);
  for (const [slower, wanted] of [[1, "same"], [1.2, "slower"], [1 / 1.2, "faster"]] as const) {
    for (let i = 0; i < 30; i++) assert.is(await duel(random, 0.15, slower), wanted, `${slower}`);
  }
});

noise("builds in alternation: whoever comes second has warm caches, and neither build gains by it", async () => {
  const random = randomSource(5);
  for (let i = 0; i < 10; i++) assert.is(await duel(random, 0.05, 1, 0.9), "same");
});

noise("intervals hold the true ratio as often as they say, few values or many, and have none where too few", () => {
  const random = randomSource(11);
  // Skewed, as times are.
  const time = (): number => Math.exp(0.2 * Math.abs(normal(random)) + (random() < 0.2 ? exponential(random, 0.3) : 0));
  const list = (count: number): number[] => Array.from({ length: count }, time);
  const methods = {
    runs: (count: number) => ratioOfRuns(list(count), list(count).map((value) => 1.2 * value), 0.05),
    pairs: (count: number) => ratioOfPairs(list(count).map((value) => (1.2 * value) / time()), 0.05),
    turns: (count: number) => ratioOfTurns(list(count), list(count).map((value) => 1.2 * value), 0.05),
  };
  for (const [name, method] of Object.entries(methods)) {
    for (const count of [8, 16, 30, 40]) {
      let held = 0;
      const repeats = 600;
      for (let i = 0; i < repeats; i++) {
        const [low, high] = method(count).interval!;
        if (low <= 1.2 && 1.2 <= high) held++;
      }
      // 95 of 100 or a little more, since ranks come in steps, and three standard errors.
      assert.ok(held / repeats > 0.92 && held / repeats < 0.995, `${name}, ${count}: ${held / repeats}`);
    }
  }
  assert.is(ratioOfRuns([1, 1, 1], [2, 2, 2], 0.05).interval, null);
  assert.is(ratioOfPairs([2, 2, 2, 2, 2], 0.05).interval, null);
});

noise("thousands of samples are compared as well, by the least of neighbours", () => {
  const random = randomSource(13);
  const list = (count: number, factor: number): number[] =>
    Array.from({ length: count }, () => factor * Math.exp(0.3 * Math.abs(normal(random))));
  const [low, high] = ratioOfRuns(list(3000, 1), list(2000, 1.05), 0.001).interval!;
  assert.ok(low < 1.05 && 1.05 < high && high / low < 1.03, `${low} to ${high}`);
});

noise("a quick run's few samples tell of a change where none of one run is like any of the other", () => {
  const file = (factor: number): ResultsFile =>
    resultsFile(
      Array.from({ length: rows }, (_, row) => {
        const times = Array.from({ length: 8 }, (_, i) => factor * (1 + i / 100));
        return timedRow("a", String(row), { samples: { times, calibrations: times.map(() => 1) } });
      }),
    );
  assert.ok(verdictsOf(file(1), file(1.2)).every((verdict) => verdict === "slower"));
  assert.ok(verdictsOf(file(1), file(1)).every((verdict) => verdict === "same"));
});

noise("the ends of intervals are those of the published tests", () => {
  // Tables reject at 5 % of 6 and 6 values U ≤ 5, of 10 and 10 U ≤ 23, of 5 and 9 U ≤ 7; of 10 pairs W ≤ 8, of 20 W ≤ 52.
  const ascending = (a: number, b: number): number => a - b;
  for (const [n, m, rank] of [[6, 6, 5], [10, 10, 23], [5, 9, 7]] as const) {
    const before = Array.from({ length: n }, (_, i) => Math.exp(i * 1e-3));
    const after = Array.from({ length: m }, (_, i) => Math.exp(i * n * 1.01e-3));
    const quotients = after.flatMap((b) => before.map((a) => b / a)).sort(ascending);
    const [low, high] = ratioOfRuns(before, after, 0.05, 1).interval!;
    assert.ok(Math.abs(low / quotients[rank]! - 1) < 1e-12, `${n} and ${m}: low`);
    assert.ok(Math.abs(high / quotients.at(-1 - rank)! - 1) < 1e-12, `${n} and ${m}: high`);
  }
  for (const [n, rank] of [[10, 8], [20, 52]] as const) {
    const ratios = Array.from({ length: n }, (_, i) => Math.exp(1.5 ** i * 1e-4));
    const means = ratios.flatMap((a, i) => ratios.slice(i).map((b) => Math.sqrt(a * b))).sort(ascending);
    const [low, high] = ratioOfPairs(ratios, 0.05).interval!;
    assert.ok(Math.abs(low / means[rank]! - 1) < 1e-12, `${n}: low`);
    assert.ok(Math.abs(high / means.at(-1 - rank)! - 1) < 1e-12, `${n}: high`);
  }
});

noise("the law of the lesser values is that of every order of the values", () => {
  // All C(8, 4) orders of 4 and 4 values, of which 2 and 2 are compared.
  const n = 4;
  const counts = new Map<number, number>();
  for (let order = 0; order < 2 ** (2 * n); order++) {
    const isFirst = Array.from({ length: 2 * n }, (_, place) => ((order >> place) & 1) === 1);
    if (isFirst.filter(Boolean).length !== n) continue;
    const [a, b] = [true, false].map((wanted) => isFirst.flatMap((first, i) => (first === wanted ? [i] : [])).slice(0, 2));
    const less = a!.flatMap((one) => b!.filter((other) => other < one)).length;
    counts.set(less, (counts.get(less) ?? 0) + 1);
  }
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  // Where the orders with at most so many pairs are just rejected the interval begins a quotient later.
  const [before, after] = [[1, 1.1, 5, 6], [2, 2.5, 7, 8]];
  const quotients = [2 / 1.1, 2, 2.5 / 1.1, 2.5];
  let orders = 0;
  for (let pairs = 0; pairs < 2; pairs++) {
    orders += counts.get(pairs)!;
    const uncertainty = (2 * orders) / all;
    const ends = (share: number): readonly number[] => ratioOfRuns(before, after, share, 0.5).interval ?? [];
    const wanted = (place: number): number[] => (place < 0 ? [] : [quotients[place]!, quotients.at(-1 - place)!]);
    const rounded = (values: readonly number[]): string[] => values.map((value) => value.toFixed(9));
    assert.equal(rounded(ends(uncertainty + 1e-9)), rounded(wanted(pairs)));
    assert.equal(rounded(ends(uncertainty - 1e-9)), rounded(wanted(pairs - 1)));
  }
});

noise("a ratio is a change beyond what two processes of one build differ by, and the same where 20 % would be seen", () => {
  assert.is(changeOf({ ratio: 1.04, interval: [1.03, 1.05] }), "same");
  assert.is(changeOf({ ratio: 1.06, interval: [1.01, 1.09] }), "slower");
  assert.is(changeOf({ ratio: 0.94, interval: [0.91, 0.99] }), "faster");
  assert.is(changeOf({ ratio: 1.05, interval: [0.99, 1.12] }), "same");
  assert.is(changeOf({ ratio: 1.05, interval: [0.89, 1.25] }), "unclear");
  assert.is(changeOf({ ratio: 3, interval: null }), "unclear");
});

noise.run();
