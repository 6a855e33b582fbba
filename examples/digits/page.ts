/** The page of the experiment: what was learnt, the curves, the digits with their chosen patches. */

import { chartPlaces, curveScripts, curveStyles, type Chart } from "../report/curves.js";
import type { Circumstances } from "../report/experiment.js";
import { html, type Markup } from "../report/html.js";
import { count, percent, renderPage, type Figure, type Section } from "../report/page.js";
import { endingOf, memoryOf, stepsProof } from "../report/run-words.js";
import { chosenCount, classCount, patchCount, pixelCount, testCount, trainCount, type Digits } from "./dataset.js";
import type { SummaryEvent } from "../report/steps.js";
import { views, type EpochEvent, type View } from "./events.js";

const rightRows = 4;
const wrongCount = 40;

const names: Readonly<Record<View, string>> = {
  chosen: "four chosen patches",
  random: "four random patches",
  all: "all patches",
};
const colours: Readonly<Record<View, string>> = { chosen: "first", random: "second", all: "third" };
const notes: Readonly<Record<View, string>> = {
  chosen: "64 of 784 pixels, where the selector looks",
  random: "64 of 784 pixels, wherever",
  all: "all 784 pixels",
};

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64");

/** A test digit on the page. */
interface Tile {
  readonly pixels: string;
  readonly patches: readonly number[];
}

/** What one class looks like and where the selector looks in it. */
interface ClassMap {
  /** The mean digit, 784 bytes. */
  readonly pixels: string;
  /** For each patch, the share of the class's digits for which it is chosen. */
  readonly shares: readonly number[];
}

/**
 * The whole page, also of a run that was stopped at any time.
 * @param epochs  what was reached, in order; may be empty
 * @param outcome  null when the run did not reach its end
 */
export function digitsPage(
  epochs: readonly EpochEvent[],
  outcome: SummaryEvent | null,
  test: Digits,
  circumstances: Circumstances,
): string {
  const last = epochs.at(-1);
  const charts = last === undefined ? [] : chartsOf(epochs);
  const tiles: Tile[] = [];
  const sections: Section[] = [];
  if (last !== undefined) {
    sections.push(
      { heading: "How it learnt", body: chartPlaces(charts) },
      mapSection(last, test),
      rightSection(last, test, tiles),
      wrongSection(last, test, tiles),
    );
  }
  sections.push(methodSection(outcome));
  return renderPage({
    title: "Which four patches explain a digit?",
    overline: "webgpu-imle: exact discrete solvers inside neural networks",
    lead: leadOf(last, circumstances),
    figures: last === undefined ? [] : figuresOf(last),
    sections,
    circumstances: circumstancesOf(last, outcome, circumstances),
    data: { charts, tiles, maps: last === undefined ? [] : mapsOf(last, test) },
    scripts: [...curveScripts, "examples/digits/tiles.client.js"],
    styles: [...curveStyles, "examples/digits/tiles.css"],
  });
}

function leadOf(last: EpochEvent | undefined, { state, epochs }: Circumstances): Markup {
  const reached = last?.epoch ?? 0;
  const status = endingOf(state, reached, epochs, "epochs");
  if (last === undefined) return html`Nothing was measured yet.${status}`;
  const { chosen, random, all } = last.accuracy;
  if (reached === 0) {
    return html`A network is to find the four patches of a handwritten digit by which another can read it. Untrained, it
reads ${percent(chosen)} of ${count(testCount)} test digits correctly: a guess.${status}`;
  }
  return html`A network that may look at 4 of the 49 patches of a handwritten digit, and chooses them itself, reads
<strong>${percent(chosen)}</strong> of ${count(testCount)} unseen digits correctly. Four random patches
give ${percent(random)}, the whole image ${percent(all)}.${status}`;
}

function figuresOf({ accuracy }: EpochEvent): Figure[] {
  return views.map((view) => ({
    value: percent(accuracy[view]),
    label: names[view],
    note: notes[view],
    colour: colours[view],
  }));
}

function chartsOf(epochs: readonly EpochEvent[]): Chart[] {
  const x = epochs.map(({ epoch }) => epoch);
  const series = (value: (event: EpochEvent, view: View) => number | null) =>
    views.map((view) => ({
      name: names[view],
      colour: colours[view],
      values: epochs.map((event) => value(event, view)),
    }));
  return [
    {
      title: "Test digits read correctly",
      xLabel: "epoch",
      x,
      scale: "percent",
      series: series(({ accuracy }, view) => accuracy[view]),
    },
    {
      title: "Cross-entropy in training, nats a digit",
      xLabel: "epoch",
      x,
      scale: "number",
      series: series(({ loss }, view) => loss?.[view] ?? null),
    },
  ];
}

const patchesOf = (event: EpochEvent, digit: number): readonly number[] =>
  event.patches.slice(digit * chosenCount, (digit + 1) * chosenCount);

function mapsOf(last: EpochEvent, test: Digits): ClassMap[] {
  return Array.from({ length: classCount }, (_, label) => {
    const sums = new Float64Array(pixelCount);
    const counts = new Array<number>(patchCount).fill(0);
    let members = 0;
    for (let digit = 0; digit < test.count; digit++) {
      if (test.labels[digit] !== label) continue;
      members++;
      for (let i = 0; i < pixelCount; i++) sums[i]! += test.pixels[digit * pixelCount + i]!;
      for (const patch of patchesOf(last, digit)) counts[patch]!++;
    }
    return {
      pixels: base64(Uint8Array.from(sums, (sum) => sum / members)),
      shares: counts.map((count) => Number((count / members).toFixed(3))),
    };
  });
}

function mapSection(last: EpochEvent, test: Digits): Section {
  const uses = new Array<number>(patchCount).fill(0);
  for (const patch of last.patches) uses[patch]!++;
  const used = uses.filter((count) => count > 0).length;
  const most = Math.max(...uses) / test.count;
  const maps = Array.from({ length: classCount }, (_, label) => {
    const members = [...test.labels.keys()].filter((digit) => test.labels[digit] === label);
    const right = members.filter((digit) => last.predicted[digit] === label).length;
    return html`<figure class="map"><canvas data-map="${label}" role="img" aria-label="Where it looks in a ${label}">
</canvas><figcaption><b>${label}</b> ${percent(right / members.length)}</figcaption></figure>`;
  });
  return {
    heading: "Where it looks",
    introduction: html`The mean digit of each class under the patches chosen for it: the stronger the colour, the more
often. Below it, the share of the class that is read correctly. ${used} of the ${patchCount} patches are chosen at least
once, the favourite in ${percent(most)} of the digits.`,
    body: html`<div class="maps">${maps}</div>`,
  };
}

function addTile(last: EpochEvent, test: Digits, digit: number, tiles: Tile[]): number {
  const pixels = test.pixels.subarray(digit * pixelCount, (digit + 1) * pixelCount);
  return tiles.push({ pixels: base64(pixels), patches: patchesOf(last, digit) }) - 1;
}

function rightSection(last: EpochEvent, test: Digits, tiles: Tile[]): Section {
  const right = [...test.labels.keys()].filter((digit) => last.predicted[digit] === test.labels[digit]);
  const labels = Array.from({ length: classCount }, (_, label) => label);
  const byClass = labels.map((label) => right.filter((digit) => test.labels[digit] === label));
  const rows = Array.from({ length: rightRows }, (_, row) => byClass.flatMap((members) => members.slice(row, row + 1)));
  const figures = rows.flat().map((digit) => {
    const label = test.labels[digit]!;
    return html`<figure class="tile"><canvas data-tile="${addTile(last, test, digit, tiles)}" role="img"
aria-label="A ${label}, read correctly"></canvas><figcaption>${label}</figcaption></figure>`;
  });
  return {
    heading: "Read correctly",
    introduction: html`${right.length} of ${count(test.count)} test digits; the classifier saw the framed patches and
nothing else.`,
    body: tileGrid(figures, "Not one digit was read correctly."),
  };
}

function wrongSection(last: EpochEvent, test: Digits, tiles: Tile[]): Section {
  const wrong = [...test.labels.keys()].filter((digit) => last.predicted[digit] !== test.labels[digit]);
  const step = Math.max(1, wrong.length / wrongCount);
  const shown = Array.from({ length: Math.min(wrongCount, wrong.length) }, (_, i) => wrong[Math.floor(i * step)]!);
  const figures = shown.map((digit) => {
    const label = test.labels[digit]!;
    const said = last.predicted[digit]!;
    return html`<figure class="tile"><canvas data-tile="${addTile(last, test, digit, tiles)}" role="img"
aria-label="A ${label}, read as ${said}"></canvas><figcaption>${label}, read <b>${said}</b></figcaption></figure>`;
  });
  const part = wrong.length <= wrongCount ? "" : `, ${wrongCount} of them here`;
  return {
    heading: "Misread",
    introduction: html`${wrong.length} of ${count(test.count)}${part}: what the digit is, and what the classifier took
it for.`,
    body: tileGrid(figures, "Not one digit was misread."),
  };
}

function tileGrid(figures: readonly Markup[], whenEmpty: string): Markup {
  return figures.length === 0 ? html`<p>${whenEmpty}</p>` : html`<div class="tiles">${figures}</div>`;
}

function methodSection(outcome: SummaryEvent | null): Section {
  return {
    heading: "How it works",
    body: html`<ol class="steps">
<li>A selector network scores the ${patchCount} patches of 4 × 4 pixels; an exact solver keeps the best
${chosenCount}.</li>
<li>A classifier sees those 64 pixels and nothing else, and names the digit.</li>
<li>The solver has no derivative. Implicit MLE solves twice with the same noise, once for the scores and once for scores
pushed down the gradient of the loss: the difference of the two choices is the selector’s gradient.</li>
<li>Noise, solver and gradient stay on the device.${stepsProof(outcome)}</li>
</ol>`,
  };
}

function circumstancesOf(
  last: EpochEvent | undefined,
  outcome: SummaryEvent | null,
  { adapter, seed, epochs, seconds, command, started }: Circumstances,
): (readonly [string, string])[] {
  return [
    ["Runtime and adapter", adapter === "" ? "none" : adapter],
    ["Epochs", `${last?.epoch ?? 0} of ${epochs}`],
    ["Seed", String(seed)],
    ["Time", `${seconds.toFixed(1)} s`],
    ...memoryOf(outcome),
    ["Digits", `${count(trainCount)} to train, ${count(testCount)} to test, of MNIST`],
    ["Method", "Niepert, Minervini, Franceschi: Implicit MLE, NeurIPS 2021"],
    ["Started", started.toISOString().replace("T", " ").slice(0, 16) + " UTC"],
    ["Again", command],
  ];
}
