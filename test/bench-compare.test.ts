import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareResults } from "../bench/compare.js";
import { comparisonSummary, comparisonTable } from "../bench/compare-table.js";
import { parseResults } from "../bench/read-results.js";
import { countedRow, failedRow, resultsFile, estimate, timedRow } from "./support/bench-results.js";

const samples = (milliseconds: number, calibration: number) => ({
  times: Array.from({ length: 24 }, (_, i) => milliseconds * (1 + i / 1000)),
  calibrations: Array<number>(24).fill(calibration),
});

const before = resultsFile([
  timedRow("a", "steady", { time: estimate(10, 0.02) }),
  timedRow("a", "slow", { time: estimate(10, 0.02) }),
  timedRow("a", "fast", { time: estimate(10, 0.02) }),
  timedRow("a", "disturbed", { samples: samples(10, 1) }),
  timedRow("a", "gone"),
  timedRow("b", "breaks"),
  countedRow("b", "bytes", [{ name: "live", value: 100, unit: "B" }, { name: "old", value: 1, unit: "" }]),
]);
const after = resultsFile(
  [
    timedRow("a", "fast", { time: estimate(8, 0.02) }),
    timedRow("a", "slow", { time: estimate(12, 0.02) }),
    timedRow("a", "steady", { time: estimate(10.3, 0.02) }),
    timedRow("a", "disturbed", { samples: samples(14, 1.6) }),
    timedRow("a", "new"),
    failedRow("b", "breaks", "3 is not 4"),
    countedRow("b", "bytes", [{ name: "live", value: 200, unit: "B" }]),
  ],
  { quick: false },
);

const comparisons = suite("comparing result files");

comparisons("rows are matched by name, with ratio and verdict, and the rest is named", () => {
  const { rows, missing, differences } = compareResults(before, after);
  assert.equal(
    rows.map(({ name, verdict, ratio }) => [name, verdict, ratio!.toFixed(2)]),
    [
      ["a/steady", "same", "1.03"],
      ["a/slow", "slower", "1.20"],
      ["a/fast", "faster", "0.80"],
      ["a/disturbed", "unclear", "1.40"],
      ["b/bytes: live", "more", "2.00"],
    ],
  );
  assert.equal(missing, [
    "a/gone: only in the first file",
    "b/breaks: failed in the second file: 3 is not 4",
    "a/new: only in the second file",
  ]);
  assert.equal(differences, ["--quick: true → false"]);
});

comparisons("a run that was disturbed all the time is known by its calibration, on the same adapter", () => {
  const run = (milliseconds: number, calibration: number, description: string) =>
    resultsFile([timedRow("a", "row", { samples: samples(milliseconds, calibration) })], {
      adapter: { runtimeVersion: "Node", description },
    });
  const verdicts = (after: number, calibration: number, description = "one") =>
    compareResults(run(10, 1, "one"), run(after, calibration, description)).rows.map(({ verdict }) => verdict);
  assert.equal(verdicts(15, 1.05), ["slower"]);
  assert.equal(verdicts(15, 1.5), ["unclear"]);
  assert.equal(verdicts(15, 1.5, "another"), ["slower"]);
  assert.equal([verdicts(11.5, 1.02), verdicts(11.5, 1.2), verdicts(10, 1.2)], [["slower"], ["same"], ["unclear"]]);
});

comparisons("a file compared with itself has no change", () => {
  const { rows, missing, differences } = compareResults(before, before);
  assert.ok(rows.every(({ verdict, ratio }) => verdict === "same" && ratio === 1));
  assert.equal([...missing, ...differences], []);
});

comparisons("changes are marked in the table, with both spreads, and counted below it", () => {
  const comparison = compareResults(before, after);
  const lines = comparisonTable(comparison);
  assert.equal(lines[1], ["a/steady", "10.0 ms", "2.0 %", "10.3 ms", "2.0 %", "1.030", "1.02 and 1.04", ""]);
  assert.equal(lines[2]!.slice(-3), ["1.200", "1.19 and 1.21", "▲ slower +20 %"]);
  assert.equal(lines[3]!.slice(-3), ["0.800", "0.80 and 0.80", "▼ faster −20 %"]);
  assert.equal(lines[4]!.slice(-3), ["1.400", "0.69 and 1.41", "? unclear, busy ×1.6"]);
  assert.equal(lines[5], ["b/bytes: live", "100 B", "", "200 B", "", "2.000", "", "▲ more +100 %"]);
  assert.is(
    comparisonSummary(comparison),
    "1 slower, 1 faster, 1 more, 1 unclear, 1 unchanged, 3 not compared",
  );
});

comparisons("a file is read back as it was written; what is none is told in one line", () => {
  assert.equal(parseResults(JSON.stringify(before), "a.json"), before);
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    ["no JSON {", /^x\.json: must be a result file of the benchmarks, got text that is not JSON$/],
    [[], /got other JSON$/],
    [null, /got other JSON$/],
    [{ format: 2 }, /got other JSON$/],
    [{ ...before, format: 7 }, /must have format 2, got 7$/],
    [{ ...before, rows: [null] }, /row 0 must be a row of the benchmarks/],
    [{ ...before, rows: [...before.rows, { ...before.rows[0], measurement: {} }] }, /row 7 must be a row/],
    [{ ...before, machine: 3 }, /must say on which machine/],
    [{ ...before, against: { rows: [{}] } }, /the other checkout's rows must be ratios/],
    [{ ...before, rows: [timedRow("a", "b", { samples: { times: [1] } as never })] }, /row 0 must be a row/],
  ];
  for (const [value, message] of wrong) {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    assert.throws(
      () => parseResults(text, "x.json"),
      (error: Error) => message.test(error.message) && !error.message.includes("\n"),
    );
  }
});

comparisons.run();
