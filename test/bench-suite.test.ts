import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Benchmark, TimedCase } from "../bench/benchmark.js";
import { benchmarks } from "../bench/index.js";
import { type BenchEvent, placeRow, type Row, type TimedRow } from "../bench/results.js";
import { choose, fullName, runSuite, unmatched } from "../bench/suite.js";
import { duration, marks, number, tablesOf } from "../bench/table.js";

const names = (chosen: ReturnType<typeof choose>): string[] =>
  chosen.map(({ benchmark, case: one }) => fullName(benchmark, one));

const timed = (name: string, more: Partial<TimedCase> = {}): TimedCase => ({
  name,
  prepare: (engine) => {
    const x = engine.ones([64, 64]);
    return { work: { operations: 64 * 64 }, unit: () => void x.add(x) };
  },
  ...more,
});

const sample: readonly Benchmark[] = [
  { name: "first", summary: "", cases: [timed("peak", { ceiling: "operations" }), timed("other")] },
  {
    name: "second",
    summary: "",
    cases: [
      timed("wrong", {
        prepare: () => ({
          unit: () => assert.unreachable("timed"),
          verify: () => Promise.reject(new Error("3 is not 4")),
        }),
      }),
      {
        name: "bytes",
        count({ progress }) {
          progress(0.5);
          return Promise.resolve([{ name: "live", value: 7, unit: "B" }]);
        },
      },
    ],
  },
];

const suites = suite("the suite of benchmarks");

suites("no two cases have one name, and every quantity that rates are given in has a ceiling", () => {
  const all = names(choose(benchmarks, []));
  assert.is(new Set(all).size, all.length);
  const ceilings = benchmarks.flatMap(({ cases }) => cases.flatMap((one) => ("ceiling" in one ? [one.ceiling] : [])));
  for (const quantity of ["operations", "bytes", "draws"]) assert.ok(ceilings.includes(quantity as never), quantity);
});

suites("patterns choose; ceilings come first, with whatever is timed", () => {
  assert.equal(names(choose(sample, [])), ["first/peak", "first/other", "second/wrong", "second/bytes"]);
  assert.equal(names(choose(sample, ["second/b"])), ["second/bytes"]);
  assert.equal(names(choose(sample, ["peak"])), ["first/peak"]);
  assert.equal(names(choose(sample, ["other", "wrong"])), ["first/peak", "first/other", "second/wrong"]);
  assert.equal(unmatched(sample, ["first", "oth", "third", "second/peak"]), ["third", "second/peak"]);
});

suites("sweeps are left out of a quick run, unless a pattern asks for them", () => {
  const swept: Benchmark = { name: "third", summary: "", cases: [timed("one"), timed("many", { sweep: true })] };
  assert.equal(names(choose([swept], [])), ["third/one", "third/many"]);
  assert.equal(names(choose([swept], [], true)), ["third/one"]);
  assert.equal(names(choose([swept], ["many"], true)), ["third/many"]);
});

suites("it times, compares with the ceiling, counts, goes on after a wrong result, and never times it", async () => {
  const events: BenchEvent[] = [];
  await runSuite({ chosen: choose(sample, []), quick: true, emit: (event) => events.push(event) });
  assert.is(events[0]?.type, "circumstances");
  const rows: Row[] = [];
  for (const event of events) if (event.type === "row") placeRow(rows, event.row);
  assert.equal(rows.map(({ kind }) => kind), ["timed", "timed", "failed", "counted"]);
  const [peak, other, wrong, bytes] = rows as [TimedRow, TimedRow, Row, Row];
  for (const { measurement, rates } of [peak, other]) {
    assert.ok(measurement.time.value > 0);
    const perSecond = (64 * 64 * 1000) / measurement.time.value;
    assert.ok(Math.abs(rates[0]!.perSecond / perSecond - 1) < 1e-9);
  }
  assert.is(peak.rates[0]!.share, null);
  assert.is(other.rates[0]!.share, other.rates[0]!.perSecond / peak.rates[0]!.perSecond);
  assert.is(wrong.kind === "failed" && wrong.message, "3 is not 4");
  assert.equal(bytes.kind === "counted" && bytes.counts, [{ name: "live", value: 7, unit: "B" }]);
  assert.equal(
    events.flatMap((event) => (event.type === "row" ? [[event.row.name, event.isLast]] : [])).slice(0, 4),
    [["peak", false], ["other", false], ["wrong", true], ["bytes", true]],
    "what is timed has a further round, what failed or was counted has none",
  );
  const shares = events.flatMap((event) => ("done" in event ? [event.done] : []));
  assert.equal(shares, [...shares].sort((a, b) => a - b));
  assert.ok(shares[0] === 0 && shares.at(-1)! < 1, shares.join());
  assert.equal(JSON.parse(JSON.stringify(rows)), rows);
});

suites.run();

const row: TimedRow = {
  kind: "timed",
  benchmark: "b",
  name: "c",
  parameters: {},
  figure: "wall",
  measurement: {
    time: { value: 0.25, spread: 0.031, count: 9 },
    wall: 0.26,
    recording: 0.01,
    fixed: 1,
    units: 100,
    settled: true,
    samples: { times: [0.25], calibrations: null },
  },
  work: { bytes: 1e6 },
  rates: [{ quantity: "bytes", perSecond: 4e9, share: 0.5 }],
  ceiling: null,
  busy: 1,
  boundByCalls: false,
  verified: true,
};

const tables = suite("tables of benchmarks");

tables("numbers have three digits, and times the unit that fits", () => {
  assert.equal([0.0123, 1.234, 12.34, 123.4, 1234.4, 0].map(number), ["0.0123", "1.23", "12.3", "123", "1234", "0"]);
  assert.equal([2e-6, 0.002, 3.21, 45_600].map(duration), ["2.00 ns", "2.00 µs", "3.21 ms", "45.6 s"]);
});

tables("a row has its time, spread, wall time, rate and share", () => {
  assert.equal(tablesOf([row]), [
    [
      ["case", "time", "±", "wall", "GB/s", "of ceiling", ""],
      ["c", "250 µs", "3.1 %", "260 µs", "4.00", "50 %", ""],
    ],
  ]);
});

tables("what makes a row doubtful is written beside it", () => {
  const doubtful = { ...row, busy: 1.52, boundByCalls: true, measurement: { ...row.measurement, settled: false } };
  assert.is(marks(doubtful), "did not settle, busy ×1.5, bound by calls");
  assert.is(marks(row), "");
});

tables("counts have a table of their own, and rows that failed are in none", () => {
  const place = { benchmark: "b", parameters: {} };
  const counts = [{ name: "live", value: 12_345_678, unit: "B" }, { name: "buffers", value: 70, unit: "" }];
  const counted: Row = { kind: "counted", ...place, name: "d", counts };
  assert.equal(tablesOf([counted, { kind: "failed", ...place, name: "e", message: "no" }]), [
    [["case", "live", "buffers"], ["d", "12.3 MB", "70"]],
  ]);
});

tables.run();
