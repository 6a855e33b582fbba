import { suite } from "uvu";
import * as assert from "uvu/assert";
import { curvesOf } from "../bench/report/curves.js";
import { plotsOf } from "../bench/report/plots.js";
import { familyOf, fitPower, scalingLine, scalingsOf } from "../bench/scaling.js";
import { countedRow, estimate, timedRow } from "./support/bench-results.js";

const sized = (n: number, k: number, milliseconds: number) =>
  timedRow("top-k", `mask [${n}] k ${k}`, { time: estimate(milliseconds, 0.01) }, { parameters: { n, k } });
const rows = [
  ...[400, 100, 200].map((n) => sized(n, 10, 3e-3 * n ** 1.5)),
  sized(100, 20, 1),
  sized(200, 20, 1),
  timedRow("top-k", "other [300] k 10", {}, { parameters: { n: 300, k: 10 } }),
  ...[1, 10, 100].map((samples) =>
    countedRow("memory", `step S ${samples}`, [{ name: "peak after 20", value: 4096, unit: "B" }], { samples }),
  ),
];

const scalings = suite("scaling laws of benchmarks");

scalings("a power law is found exactly, whatever its factor", () => {
  for (const [power, factor] of [[1, 5], [2, 1e-6], [0, 3], [-1, 7]] as const) {
    const points = [3, 17, 64, 1000].map((size) => ({ size, value: factor * size ** power }));
    const { slope, intercept } = fitPower(points);
    assert.ok(Math.abs(slope - power) < 1e-9);
    assert.ok(Math.abs(2 ** intercept / factor - 1) < 1e-9);
  }
});

scalings("rows that differ in one size alone form a law from three on, in the order of the sizes", () => {
  const [first, second, ...rest] = scalingsOf(rows);
  assert.is(rest.length, 0);
  assert.is(scalingLine(first!), "mask, time: n^1.50 for n from 100 to 400 (k 10)");
  assert.equal(first!.points.map(({ size }) => size), [100, 200, 400]);
  assert.is(scalingLine(second!), "step S, peak after 20: samples^0.00 for samples from 1 to 100");
});

scalings("the family is what a name has before its sizes", () => {
  assert.equal(
    ["I-MLE step [40, 350] k 10", "digits, batch 100", "512×512×512", "copy", "conv2d [8, 64]"].map(familyOf),
    ["I-MLE step", "digits, batch", "", "copy", "conv2d"],
  );
});

scalings("a plot has the measured points, and the fit through them", () => {
  const [time, memory] = plotsOf(rows);
  assert.is(time!.title, "top-k: mask");
  assert.equal(time!.x, [100, 200, 400]);
  const [series] = time!.series;
  assert.is(series!.name, "k 10 · n^1.50");
  assert.equal(series!.values, [3e-3 * 100 ** 1.5, 3e-3 * 200 ** 1.5, 3e-3 * 400 ** 1.5]);
  series!.fit.forEach((value, i) => assert.ok(Math.abs(value! / series!.values[i]! - 1) < 1e-9));
  assert.is(memory!.unit, "B");
});

scalings("counts that are to be drawn become curves against each parameter, in its order, and zeros are left out", () => {
  const row = (lambda: number, samples: number, bias: number) =>
    countedRow(
      "bias",
      `λ ${lambda} S ${samples}`,
      [{ name: "bias", value: bias, unit: "", isDrawn: true }, { name: "seed", value: 1, unit: "" }],
      { lambda, samples },
    );
  const curves = curvesOf([row(10, 1, 0.5), row(0.1, 1, 0), row(1, 1, 0.25), row(1, 10, 0.2), ...rows]);
  assert.equal(
    curves.map(({ title, fixed, xLabel, x, series }) => [title, fixed, xLabel, x, series]),
    [
      [
        "bias",
        "samples 1",
        "lambda",
        [0.1, 1, 10],
        [{ name: "bias", values: [null, 0.25, 0.5], fit: [null, 0.25, 0.5] }],
      ],
    ],
  );
});

scalings.run();
