import { suite } from "uvu";
import * as assert from "uvu/assert";
import { isOver, paceOf } from "../bench/pace.js";
import { type Scheduled, schedule } from "../bench/schedule.js";

const cases = (benchmark: string, count: number, more: Partial<Scheduled> = {}): Scheduled[] =>
  Array.from({ length: count }, () => ({ benchmark, headline: false, ceiling: false, ...more }));

interface Run {
  readonly list: readonly Scheduled[];
  readonly rounds?: number;
  readonly allowance?: number;
  readonly patience?: number;
  /** Milliseconds of a turn. */
  readonly cost?: (round: number) => number;
  readonly isOver?: (index: number, round: number) => boolean;
}

/** The turns of a run as `index@round`, those left out as `-index`, and the shares that were told. */
function run({ list, rounds = 3, allowance = Infinity, patience = Infinity, cost = () => 100, isOver: over = () => false }: Run) {
  let clock = 0;
  const turns = schedule(list, { least: 2, most: rounds, allowance, patience, now: () => clock });
  const told: string[] = [];
  const shares: number[] = [];
  for (let turn = turns.next(); turn.done !== true; ) {
    const { index, round, leftOut, done, then } = turn.value;
    told.push(leftOut ? `-${index}` : `${index}@${round}`);
    assert.ok(done <= then && then <= 1);
    shares.push(done);
    if (!leftOut) clock += cost(round);
    turn = turns.next(over(index, round));
  }
  assert.equal(shares, [...shares].sort((a, b) => a - b), "progress never goes back");
  return { told, shares, clock };
}

const schedules = suite("what a run of benchmarks measures next");

schedules("every case has its turn, and those that are not over have another in each round", () => {
  const { told, shares } = run({ list: cases("a", 3), isOver: (index, round) => index === 1 || round === 2 });
  assert.equal(told, ["0@0", "1@0", "2@0", "0@1", "2@1", "0@2", "2@2"]);
  assert.is(shares[0], 0);
});

schedules("ceilings and headlines have their further rounds before others", () => {
  const list = [...cases("a", 2), ...cases("b", 1, { headline: true }), ...cases("c", 1, { ceiling: true })];
  assert.equal(run({ list, rounds: 2 }).told.slice(4), ["3@1", "2@1", "0@1", "1@1"]);
});

schedules("where time is short benchmarks keep the first of their cases and headlines, and ceilings in any case", () => {
  const list = [...cases("a", 4), ...cases("b", 7), ...cases("b", 1, { headline: true }), ...cases("c", 2)];
  const { told } = run({ list, rounds: 1, allowance: 10_000 / 0.6, cost: () => 1500 });
  assert.equal(
    told.filter((turn) => !turn.startsWith("-")),
    ["0@0", "1@0", "4@0", "5@0", "6@0", "11@0", "12@0"],
  );
  const late = run({ list: [...cases("a", 3), ...cases("b", 1, { ceiling: true })], allowance: 1, cost: () => 100 });
  assert.equal(late.told, ["0@0", "-1", "-2", "3@0"]);
});

schedules("what is left of the time goes to further rounds, and none begins after its end", () => {
  const { told, clock } = run({ list: cases("a", 5), rounds: 100, allowance: 2000 });
  assert.equal(told.slice(0, 7), ["0@0", "1@0", "2@0", "3@0", "4@0", "0@1", "1@1"]);
  assert.ok(clock >= 2000 && clock < 2100, `${clock} ms`);
  assert.is(run({ list: cases("a", 5), rounds: 100, patience: 2000 }).clock, 2000);
  assert.is(run({ list: cases("a", 5), rounds: 100, patience: 1 }).clock, 1000, "two rounds in any case");
});

schedules("a quick run comes back twice at least, a full one three times; a budget is all that a row has", () => {
  const clocks = { fixedCost: 11, step: 0.001, timestamps: true };
  const [quick, full] = [paceOf(true, clocks), paceOf(false, clocks)];
  assert.equal([quick.least, full.least], [2, 3]);
  for (const [settled, round, over] of [[true, 0, false], [true, 1, true], [false, 4, false], [false, 5, true]] as const) {
    assert.is(isOver(quick, settled, round), over, `${settled} ${round}`);
  }
  for (const budget of [300, 4000, 8000]) {
    const { settings, most } = paceOf(false, clocks, budget);
    assert.ok(Math.abs(most * settings.roundMilliseconds - budget) < 1e-9);
  }
  assert.is(paceOf(true, { ...clocks, timestamps: false }).settings.batchMilliseconds, 110, "long against a poll");
  assert.is(paceOf(true, { ...clocks, step: 0.2 }).settings.batchMilliseconds, 40, "long against a clock's step");
});

schedules.run();
