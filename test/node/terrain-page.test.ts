import { suite } from "uvu";
import * as assert from "uvu/assert";
import { dijkstraGridCpu } from "webgpu-imle/testing";
import type { Circumstances } from "../../examples/report/experiment.js";
import { generateMaps } from "../../examples/terrain/generate.js";
import { pictureOf } from "../../examples/terrain/dataset.js";
import type { SummaryEvent } from "../../examples/report/steps.js";
import type { EpochEvent, MapsEvent, Measured, ShownResult } from "../../examples/terrain/events.js";
import { TerrainRun } from "../../examples/terrain/experiment.js";
import { terrainPage, type Told } from "../../examples/terrain/page.js";
import { shownInBrowser } from "../support/browser.js";
import { assertHarmless, assertSelfContained, assertWholeHtml, hostile, textOf } from "../support/whole-html.js";

const side = 12;
const cells = side * side;
const generated = generateMaps(4, side, 3);
const cellsOf = (path: ArrayLike<number>): number[] => [...Array(cells).keys()].filter((cell) => path[cell] === 1);
const costsOf = (map: number): number[] => [...generated.costs.subarray(map * cells, (map + 1) * cells)];

const maps: MapsEvent = {
  type: "maps",
  side,
  trainCount: 4000,
  validationCount: 0,
  testCount: 2000,
  shares: [0.3, 0.4, 0.18, 0.07, 0.05],
  shown: [0, 1, 2, 3].map((map) => ({
    picture: Buffer.from(pictureOf(generated, map)).toString("base64"),
    costs: costsOf(map),
    path: cellsOf(dijkstraGridCpu(costsOf(map), [side, side]).path),
  })),
};

const diagonal = [...Array(side).keys()].map((i) => i * (side + 1));
const measured = (accuracy: number, factor: number): Measured => ({
  accuracy,
  regret: 0.0125,
  hamming: 5.5,
  costs: [0.8, 1.2, 5.3, 7.7, null].map((cost) => (cost === null ? null : factor * cost)),
});
const results = (factor: number): ShownResult[] =>
  maps.shown.map(({ costs, path }, map) => ({
    costs: costs.map((cost) => factor * cost),
    path: map === 0 ? diagonal : path,
    marginals: costs.map((_, cell) => (path.includes(cell) ? 0.75 : 0.1)),
  }));

function epochEvent(epoch: number): EpochEvent {
  const loss = epoch === 0 ? null : 10 / epoch;
  return {
    type: "epoch",
    epoch,
    measured: measured(0.945, 0.5),
    validation: null,
    shown: results(0.5),
    loss,
    ablation: epoch > 2 ? null : { measured: measured(0.021, 0.02), shown: results(0.02), loss },
    seconds: epoch,
  };
}

const outcome: SummaryEvent = {
  type: "summary",
  seconds: 9,
  steps: 240,
  readbacksInSteps: 0,
  dispatchesPerStep: 40,
  peakBytes: 2 ** 26,
};
const circumstances: Circumstances = {
  adapter: "Node 20.20 (Dawn) on an adapter",
  seed: 1,
  epochs: 3,
  seconds: 12.3,
  state: "finished",
  command: "npm start -- terrain",
  started: new Date("2026-01-02T03:04:05Z"),
};
const epochs = [0, 1, 2, 3].map(epochEvent);
const finished: Told = { maps, epochs, outcome, source: "made up from the seed", model: "tiles" };

const page = suite("terrain: the page");

page("a page of a finished run is whole HTML with its figures, paths, costs and the collapse", () => {
  const text = terrainPage(finished, circumstances);
  assertWholeHtml(text);
  const shown = textOf(text);
  assert.match(shown, /on 2,000 unseen maps <?.*94\.5 %/);
  assert.match(shown, "multiplied by 2.00, the best fit");
  assert.match(shown, "Without noise, grass was at 0.03 after 2 epochs");
  assert.match(shown, "the least");
  assert.match(shown, "% too much");
  assert.match(shown, "240 training steps of 40 dispatches read nothing back");
  assert.match(shown, "64 MiB");
  assert.not.match(shown, "This run was");
});

page("maps to validate on have a curve of their own, and a row in the summary", () => {
  const validated = epochs.map((event) => ({ ...event, validation: measured(0.875, 0.5) }));
  const text = terrainPage({ ...finished, epochs: validated }, circumstances);
  assert.match(text, /"name":"validation","colour":"third","values":\[0\.875/);
  const run = new TerrainRun({ seed: 1, epochs: 3 });
  for (const event of [{ ...maps, validationCount: 1000 }, ...validated, outcome]) run.receive({ ...event });
  assert.equal(run.summary()[2], ["cheapest paths, validation (1,000)", "87.5 %"]);
});

page("a page names no address that a browser would fetch", () => {
  assertSelfContained(terrainPage(finished, circumstances));
});

page("a page of a run that was stopped is whole, and says so, wherever it was stopped", () => {
  for (const [told, expected] of [
    [{ ...finished, maps: null, epochs: [] }, "Nothing was measured yet. This run was stopped early: 0 of 3 epochs."],
    [{ ...finished, epochs: [] }, "Nothing was measured yet. This run was stopped early: 0 of 3 epochs."],
    [{ ...finished, epochs: epochs.slice(0, 1) }, "This run was stopped early: 0 of 3 epochs."],
    [{ ...finished, epochs: epochs.slice(0, 2) }, "This run was stopped early: 1 of 3 epochs."],
  ] as const) {
    const text = terrainPage({ ...told, outcome: null }, { ...circumstances, state: "interrupted" });
    assertWholeHtml(text);
    assert.ok(textOf(text).includes(expected), textOf(text).slice(0, 600));
  }
});

page("what comes from outside cannot become markup", () => {
  const told = { ...finished, source: hostile };
  assertHarmless(terrainPage(told, { ...circumstances, adapter: hostile, command: hostile }));
});

page("the summary has both networks beside what is expected, with learnt costs scaled", () => {
  const run = new TerrainRun({ seed: 1, epochs: 3 });
  assert.equal(run.summary(), []);
  for (const event of [maps, ...epochs, outcome]) run.receive({ ...event });
  const [head, accuracy, , , grass, , , , rock] = run.summary();
  assert.equal(head, ["on 2,000 unseen maps", "I-MLE, epoch 3", "without noise, epoch 2", "expected after 24"]);
  assert.equal(accuracy, ["cheapest paths", "94.5 %", "2.1 %", "at least 93 %"]);
  assert.equal(grass, ["learnt cost of grass, × 2.00", "0.80", "0.03", "0.8"]);
  assert.equal(rock, ["learnt cost of rock, × 2.00", "–", "–", "9.2"]);
});

page("a browser shows the page without errors or requests: curves, maps and fields are drawn", async () => {
  const text = terrainPage(finished, circumstances);
  for (const { complaints, width, scrollWidth, colours } of await shownInBrowser(text)) {
    assert.equal(complaints, []);
    assert.is(scrollWidth, width);
    // Curves; maps; three maps in four panels; five panels of history; two rows of three epochs and a path.
    assert.is(colours.length, 2 + 4 + 3 * 4 + 5 + 2 * 4);
    assert.ok(Math.min(...colours) >= 2, `colours in each canvas: ${colours.join(", ")}`);
    assert.ok(Math.max(...colours) > 500, "pictures are drawn");
  }
});

page.run();
