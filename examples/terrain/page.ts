/** The page of the experiment: costs and paths on unseen maps, how they came about, and the collapse without noise. */

import { chartPlaces, curveScripts, curveStyles, type Chart } from "../report/curves.js";
import type { Circumstances } from "../report/experiment.js";
import { html, type Markup } from "../report/html.js";
import { count, percent, renderPage, type Figure, type Section } from "../report/page.js";
import { endingOf, memoryOf, stepsProof } from "../report/run-words.js";
import type { SummaryEvent } from "../report/steps.js";
import type { AblationResult, EpochEvent, MapsEvent } from "./events.js";
import { Panels } from "./panels.js";
import { type ModelName, recipes } from "./recipes.js";
import { costFactor, meanCost } from "./scale.js";
import { terrains } from "./terrains.js";

/** What a run has told so far. */
export interface Told {
  /** Null until the maps are there. */
  readonly maps: MapsEvent | null;
  readonly epochs: readonly EpochEvent[];
  /** Null when the run did not reach its end. */
  readonly outcome: SummaryEvent | null;
  /** Where the maps are from, in a few words. */
  readonly source: string;
  readonly model: ModelName;
}

interface Results extends Told {
  readonly maps: MapsEvent;
  readonly last: EpochEvent;
  /** What learnt costs are multiplied by. */
  readonly factor: number;
}

const panelMaps = 3;
const stripEpochs = 8;

const cost = (value: number): string => value.toFixed(value < 0.095 ? 2 : 1);

/** The whole page, also of a run that was stopped at any time. */
export function terrainPage(told: Told, circumstances: Circumstances): string {
  const { maps, epochs } = told;
  const last = epochs.at(-1);
  const charts = last === undefined ? [] : chartsOf(epochs);
  const panels = new Panels();
  const sections: Section[] = [];
  if (maps !== null && last !== undefined) {
    const results = { ...told, maps, last, factor: costFactor(last.measured, maps.shares) };
    sections.push(
      pathSection(results, panels),
      terrainSection(results),
      fieldSection(results, panels),
      { heading: "How it learnt", body: chartPlaces(charts) },
      historySection(results, panels),
      ...(lastAblation(epochs) === null ? [] : [ablationSection(results, panels)]),
    );
  }
  sections.push(methodSection(told));
  return renderPage({
    title: "What does the ground cost?",
    overline: "webgpu-imle: exact discrete solvers inside neural networks",
    lead: leadOf(told, last, circumstances),
    figures: maps === null || last === undefined ? [] : figuresOf(maps, epochs, last),
    sections,
    circumstances: circumstancesOf(told, last, circumstances),
    data: { charts, side: maps?.side ?? 0, ...panels.data },
    scripts: [...curveScripts, "examples/terrain/panels.client.js"],
    styles: [...curveStyles, "examples/terrain/panels.css"],
  });
}

function leadOf({ maps }: Told, last: EpochEvent | undefined, { state, epochs }: Circumstances): Markup {
  const reached = last?.epoch ?? 0;
  const status = endingOf(state, reached, epochs, "epochs");
  if (maps === null || last === undefined) return html`Nothing was measured yet.${status}`;
  const { accuracy, regret } = last.measured;
  if (reached === 0) {
    return html`A network is to learn what each kind of ground costs, from pictures and the cheapest path through each.
Untrained, ${percent(accuracy)} of its paths are cheapest ones.${status}`;
  }
  return html`A network sees pictures of a landscape and is told the cheapest path through each, never a cost. From that
it learnt what the ground costs: on ${count(maps.testCount)} unseen maps <strong>${percent(accuracy)}</strong> of its
paths are as cheap as can be, and the mean path costs ${percent(regret)} too much.${status}`;
}

/** The last result of the network without noise. */
const lastAblation = (epochs: readonly EpochEvent[]): (AblationResult & { epoch: number }) | null => {
  const event = epochs.findLast(({ ablation }) => ablation !== null);
  return event === undefined ? null : { ...event.ablation!, epoch: event.epoch };
};

const epochsOf = (epoch: number): string =>
  epoch === 0 ? "untrained" : `after ${epoch} ${epoch === 1 ? "epoch" : "epochs"}`;

function figuresOf({ shares }: MapsEvent, epochs: readonly EpochEvent[], last: EpochEvent): Figure[] {
  const { accuracy, regret } = last.measured;
  const ablation = lastAblation(epochs);
  const figures = [
    {
      value: percent(accuracy),
      label: "cheapest paths",
      note: `of unseen maps, ${epochsOf(last.epoch)}`,
      colour: "first",
    },
    { value: percent(regret), label: "regret", note: "what its paths cost too much, mean", colour: "third" },
  ];
  if (ablation === null || ablation.epoch === 0) return figures;
  const [first, gone] = [epochs[0]!.measured, ablation.measured].map((measured) => meanCost(measured, shares));
  const note = `of a tile, ${epochsOf(ablation.epoch)}; ${first!.toFixed(2)} at first`;
  return [...figures, { value: gone!.toFixed(2), label: "mean cost without noise", note, colour: "second" }];
}

function chartsOf(epochs: readonly EpochEvent[]): Chart[] {
  const x = epochs.map(({ epoch }) => epoch);
  const chart = (
    title: string,
    scale: Chart["scale"],
    value: (result: Omit<EpochEvent, "ablation"> | AblationResult) => number | null,
  ): Chart => ({
    title,
    xLabel: "epoch",
    x,
    scale,
    series: [
      { name: "I-MLE", colour: "first", values: epochs.map(value) },
      ...(epochs.some(({ ablation }) => ablation !== null)
        ? [
            {
              name: "without noise",
              colour: "second",
              values: epochs.map(({ ablation }) => ablation && value(ablation)),
            },
          ]
        : []),
    ],
  });
  const validation: Chart["series"] = epochs.some((event) => event.validation !== null)
    ? [{ name: "validation", colour: "third", values: epochs.map((event) => event.validation?.accuracy ?? null) }]
    : [];
  const accuracy = chart("Cheapest paths on unseen maps", "percent", ({ measured }) => measured.accuracy);
  return [
    { ...accuracy, series: [...accuracy.series, ...validation] },
    chart("Tiles that differ, in training (Hamming loss)", "number", ({ loss }) => loss),
  ];
}

const pathLegend = html`<p class="legend"><span class="line best"></span>a cheapest path
<span class="line found"></span>the network’s</p>`;

function pathSection({ maps, last }: Results, panels: Panels): Section {
  const figures = maps.shown.map((map, i) => {
    const { path } = last.shown[i]!;
    const [least, own] = [map.path, path].map((cells) => cells.reduce((sum, cell) => sum + map.costs[cell]!, 0));
    const excess = own! / least! - 1;
    const right = excess <= 1e-5;
    const verdict = right ? html`the least` : html`<b>${percent(excess)}</b> too much`;
    return html`<figure class="panel">${panels.map(map, path, right ? "a cheapest path" : "a path that costs more")}
<figcaption>${cost(own!)}, ${verdict}</figcaption></figure>`;
  });
  return {
    heading: "Paths on unseen maps",
    introduction: html`From the top left to the bottom right, by steps to eight neighbours; the first of the unseen maps
whose cheapest path has to wind. The network’s path is the cheapest by the costs that it learnt. Below each, what it
costs in truth.`,
    body: html`${pathLegend}<div class="panels">${figures}</div>`,
  };
}

function terrainSection({ epochs, last, factor, maps }: Results): Section {
  const ablation = lastAblation(epochs);
  const means = last.measured.costs.map((mean) => factor * (mean ?? 0));
  const highest = Math.max(...terrains.map((terrain) => terrain.cost), ...means);
  const width = (value: number): string => `width: ${((100 * value) / highest).toFixed(1)}%`;
  const rows = terrains.map(({ name, cost: truth, colour }, i) => {
    const learnt = last.measured.costs[i];
    const bar = (kind: string, value: number): Markup =>
      html`<div class="bar ${kind}"><span style="${width(value)}"></span><b>${cost(value)}</b></div>`;
    return html`<div class="terrain"><div class="ground"><i style="background: rgb(${colour.join(" ")})"></i>
<span>${name}<small>${percent(maps.shares[i]!)} of tiles</small></span></div>
<div class="bars">${bar("true", truth)}${learnt == null ? "" : bar("learnt", factor * learnt)}</div></div>`;
  });
  const gone = ablation === null || ablation.epoch === 0 ? null : ablation.measured.costs[0];
  const collapse =
    gone == null ? "" : html` Without noise, grass was at ${cost(factor * gone)} ${epochsOf(ablation!.epoch)}.`;
  return {
    heading: "What the ground costs",
    introduction: html`Mean learnt cost of each kind of ground beside the true one. Paths tell costs only up to a
factor: all learnt costs are multiplied by ${factor.toFixed(2)}, the best fit.${collapse}`,
    body: html`<p class="legend"><span class="swatch true"></span>true <span class="swatch learnt"></span>learnt</p>
<div class="terrains">${rows}</div>`,
  };
}

/** The places of the shown maps, the ones with the longest cheapest paths first: there the costs show most. */
const byDetour = ({ shown }: MapsEvent): number[] =>
  [...shown.keys()].sort((a, b) => shown[b]!.path.length - shown[a]!.path.length);

const costScale = html`<p class="legend"><span>cost 0</span><span class="ramp"></span><span>10</span></p>`;

function fieldSection({ maps, last, factor }: Results, panels: Panels): Section {
  const rows = byDetour(maps)
    .slice(0, panelMaps)
    .map((i) => {
      const map = maps.shown[i]!;
      const result = last.shown[i]!;
      const learnt = result.costs.map((value) => factor * value);
      return html`<figure class="panel">${panels.map(map, result.path, "the map")}<figcaption>map</figcaption></figure>
<figure class="panel">${panels.field(map.costs, "cost", "True costs")}<figcaption>true costs</figcaption></figure>
<figure class="panel">${panels.field(learnt, "cost", "Learnt costs")}<figcaption>learnt costs</figcaption></figure>
<figure class="panel">${panels.field(result.marginals, "heat", "Perturbed paths")}<figcaption>paths under noise
</figcaption></figure>`;
    });
  return {
    heading: "What it makes of a map",
    introduction: html`True and learnt costs of each tile, and where paths go under noise as in training: the stronger
the colour, the more of 100 perturbed paths cross the tile. Their mean is what carries the gradient.`,
    body: html`${costScale}<div class="panels">${rows}</div>`,
  };
}

/** At most `most` of the epochs: the first, the last, and between them the last of 1, 2, 4, 8, … */
function chosenEpochs(epochs: readonly EpochEvent[], most: number): EpochEvent[] {
  const [first, ...later] = epochs;
  const last = later.pop();
  if (last === undefined) return [first!];
  const doubling = later.filter(({ epoch }) => Number.isInteger(Math.log2(epoch)));
  return [first!, ...doubling.slice(-(most - 2)), last];
}

function historySection({ maps, epochs, factor }: Results, panels: Panels): Section {
  const at = byDetour(maps)[0]!;
  const figures = chosenEpochs(epochs, stripEpochs - 1).map(({ epoch, shown, measured }) => {
    const field = shown[at]!.costs.map((value) => factor * value);
    return html`<figure class="panel">${panels.field(field, "cost", `Learnt costs, ${epochsOf(epoch)}`)}
<figcaption>epoch ${epoch}<small>${percent(measured.accuracy)}</small></figcaption></figure>`;
  });
  const truth = html`<figure class="panel">${panels.field(maps.shown[at]!.costs, "cost", "True costs")}
<figcaption>truth</figcaption></figure>`;
  return {
    heading: "How the costs came about",
    introduction: html`One map through the epochs, and the share of all unseen maps whose path was a cheapest one.`,
    body: html`<div class="panels strip">${figures}${truth}</div>`,
  };
}

function ablationSection({ maps, epochs, factor }: Results, panels: Panels): Section {
  const at = byDetour(maps)[0]!;
  const both = epochs.filter(({ ablation }) => ablation !== null);
  const row = (name: string, result: (event: EpochEvent) => AblationResult): Markup => {
    const fields = both.map((event) => {
      const { shown, measured } = result(event);
      const field = shown[at]!.costs.map((value) => factor * value);
      const mean = meanCost(measured, maps.shares).toFixed(2);
      return html`<figure class="panel">${panels.field(field, "cost", `${name}, ${epochsOf(event.epoch)}`)}
<figcaption>epoch ${event.epoch}<small>mean ${mean}</small></figcaption></figure>`;
    });
    const { shown } = result(both.at(-1)!);
    return html`<h3>${name}</h3><div class="panels">${fields}<figure class="panel">
${panels.map(maps.shown[at]!, shown[at]!.path, `${name}: the path`)}<figcaption>its path</figcaption></figure></div>`;
  };
  const { ablation, epoch, measured } = both.at(-1)!;
  const outcome =
    epoch === 0
      ? ""
      : html` Cheapest paths ${epochsOf(epoch)}: ${percent(ablation!.measured.accuracy)}, with noise
${percent(measured.accuracy)}.`;
  return {
    heading: "Without noise the costs collapse",
    introduction: html`The same start, the same batches, only no noise. Each step lowers the costs on the path that is
told and raises them on the network’s own, which as a rule has fewer tiles: the costs sink to nothing. Noise makes
cheap paths wander over more tiles, and that holds the costs up.${outcome}`,
    body: html`${row("With noise", (event) => event)}${row("Without", (event) => event.ablation!)}`,
  };
}

function methodSection({ outcome, model }: Told): Section {
  return {
    heading: "How it works",
    body: html`<ol class="steps">
<li>${recipes[model].steps}</li>
<li>An exact solver finds the cheapest path under these costs and Sum-of-Gamma noise. The loss counts the tiles in
which it differs from the path that the network is told.</li>
<li>The solver has no derivative. Implicit MLE solves again with the same noise and with costs pushed down the gradient
of the loss: the difference of the two paths is the gradient of the costs.</li>
<li>Noise, solver and gradient stay on the device.${stepsProof(outcome)}</li>
</ol>`,
  };
}

function circumstancesOf(
  { maps, outcome, source, model }: Told,
  last: EpochEvent | undefined,
  { adapter, seed, epochs, seconds, command, started }: Circumstances,
): (readonly [string, string])[] {
  const size = maps === null ? "" : `${maps.side} × ${maps.side} tiles, `;
  const validation = (maps?.validationCount ?? 0) > 0 ? `${count(maps!.validationCount)} to validate, ` : "";
  const counts =
    maps === null ? "" : `${count(maps.trainCount)} to train, ${validation}${count(maps.testCount)} to test, `;
  return [
    ["Runtime and adapter", adapter === "" ? "none" : adapter],
    ["Epochs", `${last?.epoch ?? 0} of ${epochs}`],
    ["Seed", String(seed)],
    ["Time", `${seconds.toFixed(1)} s`],
    ...memoryOf(outcome),
    ["Maps", `${counts}${size}${source}`],
    ["Network", recipes[model].summary],
    ["Method", "Niepert, Minervini, Franceschi: Implicit MLE, NeurIPS 2021"],
    ["Started", started.toISOString().replace("T", " ").slice(0, 16) + " UTC"],
    ["Again", command],
  ];
}
