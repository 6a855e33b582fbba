import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Circumstances } from "../../examples/report/experiment.js";
import type { SummaryEvent } from "../../examples/report/steps.js";
import type { GridEvent, MethodEvent, ProblemsEvent } from "../../examples/synthetic/events.js";
import { SyntheticRun } from "../../examples/synthetic/experiment.js";
import { lambdas, type Method, methodKeys, methods, rates } from "../../examples/synthetic/methods.js";
import { syntheticPage, type Told } from "../../examples/synthetic/page.js";
import { shownInBrowser } from "../support/browser.js";
import { assertHarmless, assertSelfContained, assertWholeHtml, hostile, textOf } from "../support/whole-html.js";

const problems: ProblemsEvent = { type: "problems", repeats: 100, untrained: 7.5 };

/** Losses fall to `least`. */
function methodEvent(key: string, least: number): MethodEvent {
  const { published, patience = 1 }: Method = methods[key as keyof typeof methods];
  const steps = [0, 1, 2, 3].map((step) => step * patience);
  const mean = steps.map((_, i) => least + (7.5 - least) / (1 + 4 * i));
  return {
    type: "method",
    method: key,
    steps: 3 * patience,
    published: published === undefined ? null : { rate: published, outcome: { mean: least, deviation: 0.25 } },
    outcomes: rates.map((rate) => ({ mean: least + Math.abs(Math.log10(rate / 0.2)), deviation: 0.5 })),
    course: { steps, mean, low: mean.map((x) => 0.8 * x), high: mean.map((x) => 1.2 * x) },
    seconds: 1,
  };
}

const leasts: Readonly<Record<string, number>> = { imle: 0.125, straightThrough: 0.375, scoreFunction: 2.25 };
const results = methodKeys.map((key) => methodEvent(key, leasts[key] ?? 1.125));
const grid: GridEvent = { type: "grid", means: lambdas.map((lambda) => rates.map((rate) => lambda * rate)) };
const outcome: SummaryEvent = {
  type: "summary",
  seconds: 9,
  steps: 950,
  readbacksInSteps: 0,
  dispatchesPerStep: 24,
  peakBytes: 2 ** 26,
};
const circumstances: Circumstances = {
  adapter: "Node 20.20 (Dawn) on an adapter",
  seed: 1,
  epochs: 3,
  seconds: 12.3,
  state: "finished",
  command: "npm start -- synthetic",
  started: new Date("2026-01-02T03:04:05Z"),
};
const finished: Told = { problems, results, grid, outcome };

const page = suite("synthetic: the page");

page("a page of a finished run is whole HTML with the paper's methods, all rates and the grid", () => {
  const text = syntheticPage(finished, circumstances);
  assertWholeHtml(text);
  const shown = textOf(text);
  assert.match(shown, /I-MLE comes within 0\.13 of the least loss, straight-through within 0\.38/);
  assert.match(shown, "30 steps instead of 3, within 2.25: the paper’s order.");
  assert.match(shown, "950 training steps of 24 dispatches read nothing back");
  assert.match(shown, "9 of 9");
  assert.is(text.match(/<td style="--share/g)?.length, rates.length * (methodKeys.length + lambdas.length));
  assert.not.match(shown, "This run was");
});

page("another order is called another order", () => {
  const other = results.map((result) => (result.method === "imle" ? methodEvent("imle", 3) : result));
  assert.match(textOf(syntheticPage({ ...finished, results: other }, circumstances)), "not the paper’s order");
});

page("a page names no address that a browser would fetch", () => {
  assertSelfContained(syntheticPage(finished, circumstances));
});

page("a page of a run that was stopped is whole, and says so, wherever it was stopped", () => {
  for (const [told, expected] of [
    [{ ...finished, problems: null, results: [], grid: null }, "This run was stopped early: 0 of 9 methods."],
    [{ ...finished, results: results.slice(0, 2), grid: null }, "Not all methods of the paper were run yet."],
    [{ ...finished, grid: null }, "This run was stopped early: 9 of 9 methods."],
  ] as const) {
    const text = syntheticPage({ ...told, outcome: null }, { ...circumstances, state: "interrupted" });
    assertWholeHtml(text);
    assert.ok(textOf(text).includes(expected), textOf(text).slice(0, 700));
  }
});

page("what comes from outside cannot become markup", () => {
  assertHarmless(syntheticPage(finished, { ...circumstances, adapter: hostile, command: hostile }));
});

page("the summary has every method, the paper's rate beside the best one", () => {
  const run = new SyntheticRun({ seed: 1, epochs: 3 });
  assert.equal(run.summary(), []);
  assert.is(run.receive({ ...problems }), null);
  for (const result of results) assert.match(run.receive({ ...result })!, / at rate /);
  const [head, exact, own] = run.summary();
  assert.is(head!.length, 5);
  assert.equal(exact, ["exact gradient", "3", "", "1.125 ± 0.500 (0.2)", "all 252 states"]);
  assert.equal(own, ["I-MLE", "3", "0.125 ± 0.250 (0.75)", "0.125 ± 0.500 (0.2)", "2 solves"]);
});

page("a browser shows the page without errors or requests: three charts with their bands", async () => {
  const text = syntheticPage(finished, circumstances);
  for (const { complaints, width, scrollWidth, colours } of await shownInBrowser(text)) {
    assert.equal(complaints, []);
    assert.is(scrollWidth, width);
    assert.is(colours.length, 3);
    assert.ok(Math.min(...colours) >= 3, `colours in each canvas: ${colours.join(", ")}`);
  }
});

page.run();
