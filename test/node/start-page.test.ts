import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Digits } from "../../examples/digits/dataset.js";
import type { EpochEvent } from "../../examples/digits/events.js";
import type { SummaryEvent } from "../../examples/report/steps.js";
import { digitsPage } from "../../examples/digits/page.js";
import type { Circumstances } from "../../examples/report/experiment.js";
import { html, jsonForScript } from "../../examples/report/html.js";
import { shownInBrowser } from "../support/browser.js";
import { assertHarmless, assertSelfContained, assertWholeHtml, hostile, textOf } from "../support/whole-html.js";

const digitCount = 30;
const test: Digits = {
  count: digitCount,
  pixels: Uint8Array.from({ length: digitCount * 784 }, (_, i) => (i * 37) % 256),
  labels: Uint8Array.from({ length: digitCount }, (_, i) => i % 10),
};
const labels = [...test.labels];

function epochEvent(epoch: number, predicted: readonly number[]): EpochEvent {
  const share = predicted.filter((label, digit) => label === labels[digit]).length / digitCount;
  return {
    type: "epoch",
    epoch,
    accuracy: { chosen: share, random: 0.44, all: 0.95 },
    loss: epoch === 0 ? null : { chosen: 0.5, random: 1.6, all: 0.1 },
    seconds: epoch,
    predicted,
    patches: Array.from({ length: digitCount * 4 }, (_, i) => (i % 4) * 12 + (Math.floor(i / 4) % 12)),
  };
}

const someWrong = labels.map((label, digit) => (digit < 3 ? (label + 1) % 10 : label));
const outcome: SummaryEvent = {
  type: "summary",
  seconds: 9,
  steps: 90,
  readbacksInSteps: 0,
  dispatchesPerStep: 80,
  peakBytes: 2 ** 27,
};
const circumstances: Circumstances = {
  adapter: "Node 20.20 (Dawn) on an adapter",
  seed: 1,
  epochs: 2,
  seconds: 12.3,
  state: "finished",
  command: "npm start -- digits",
  started: new Date("2026-01-02T03:04:05Z"),
};
const finished = [epochEvent(0, labels.map(() => 0)), epochEvent(1, someWrong)];

const page = suite("digits: the page");

page("a page of a finished run is whole HTML with its figures and both kinds of digits", () => {
  const text = digitsPage(finished, outcome, test, circumstances);
  assertWholeHtml(text);
  const shown = textOf(text);
  assert.match(shown, /reads 90\.0 % of 1,000 unseen digits/);
  assert.match(shown, "27 of 30 test digits");
  assert.match(shown, "3 of 30: what the digit is");
  assert.match(shown, "128 MiB");
  assert.is(text.match(/<canvas data-tile=/g)?.length, 30);
  assert.not.match(shown, "This run was");
});

page("a page names no address that a browser would fetch, and its policy forbids all", () => {
  const text = digitsPage(finished, outcome, test, circumstances);
  assert.match(text, "default-src &#39;none&#39;");
  assertSelfContained(text);
});

page("a page of a run that was stopped is whole, and says so, wherever it was stopped", () => {
  for (const [epochs, expected] of [
    [[], "Nothing was measured yet. This run was stopped early: 0 of 2 epochs."],
    [finished.slice(0, 1), "This run was stopped early: 0 of 2 epochs."],
    [finished, "This run was stopped early: 1 of 2 epochs."],
  ] as const) {
    const text = digitsPage(epochs, null, test, { ...circumstances, state: "interrupted" });
    assertWholeHtml(text);
    assert.ok(textOf(text).includes(expected), textOf(text).slice(0, 600));
  }
});

page("a page says so where no digit was misread, and where none was read correctly", () => {
  const shownFor = (predicted: readonly number[]): string =>
    textOf(digitsPage([epochEvent(1, predicted)], outcome, test, circumstances));
  assert.match(shownFor(labels), "Not one digit was misread.");
  assert.match(shownFor(labels.map((label) => (label + 1) % 10)), "Not one digit was read correctly.");
});

page("what comes from outside cannot become markup or end a script", () => {
  assertHarmless(digitsPage(finished, outcome, test, { ...circumstances, adapter: hostile, command: hostile }));
  assert.is(html`<p title="${hostile}">${1}</p>`.text.match(/[<>]/g)?.length, 4);
  assert.not.match(jsonForScript({ hostile }).text, "<");
  assert.equal(JSON.parse(jsonForScript({ hostile }).text), { hostile });
});

page("a browser shows the page without errors or requests: curves, maps and digits are drawn", async () => {
  const text = digitsPage(finished, outcome, test, circumstances);
  for (const { complaints, width, scrollWidth, colours } of await shownInBrowser(text)) {
    assert.equal(complaints, []);
    assert.is(scrollWidth, width);
    assert.is(colours.length, 2 + 10 + 30);
    assert.ok(Math.min(...colours) >= 3, `colours in each canvas: ${colours.join(", ")}`);
  }
});

page.run();
