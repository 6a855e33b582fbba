/** The page of the experiment: losses over the steps with their spread, and at all rates. */

import { chartPlaces, curveScripts, curveStyles, type Chart, type Series } from "../report/curves.js";
import type { Circumstances } from "../report/experiment.js";
import { heatStyles, heatTable } from "../report/heat.js";
import { html, type Markup } from "../report/html.js";
import { renderPage, type Figure, type Section } from "../report/page.js";
import { endingOf, memoryOf, stepsProof } from "../report/run-words.js";
import type { SummaryEvent } from "../report/steps.js";
import type { GridEvent, MethodEvent, Outcome, ProblemsEvent } from "./events.js";
import { k, lambdas, type Method, type MethodKey, methodKeys, methods, n, publishedLambda, rates } from "./methods.js";

/** What a run has told so far. */
export interface Told {
  /** Null until they are made. */
  readonly problems: ProblemsEvent | null;
  readonly results: readonly MethodEvent[];
  readonly grid: GridEvent | null;
  /** Null when the run did not reach its end. */
  readonly outcome: SummaryEvent | null;
}

/** The methods of the paper's own comparison, the best first. */
const ordering = ["imle", "straightThrough", "scoreFunction"] as const satisfies readonly MethodKey[];

const colours: Readonly<Record<MethodKey, string>> = {
  exact: "fourth",
  imle: "first",
  straightThrough: "third",
  scoreFunction: "second",
  scoreFunctionBaseline: "second",
  simple: "fourth",
  perturbedOptimiser: "third",
  blackbox: "fifth",
  softSubset: "first",
};

const fixed = (value: number): string => value.toFixed(value < 0.0995 ? 3 : 2);
const methodOf = ({ method }: MethodEvent): Method => methods[method as MethodKey];

/** A method's least loss over the rates, the paper's among them. */
export function bestOf({ outcomes, published }: MethodEvent): { rate: number; outcome: Outcome } {
  const all = outcomes.map((outcome, i) => ({ rate: rates[i] as number, outcome }));
  const tried = published ? [...all, published] : all;
  return tried.reduce((best, one) => (one.outcome.mean < best.outcome.mean ? one : best));
}

/** The whole page, also of a run that was stopped at any time. */
export function syntheticPage(told: Told, circumstances: Circumstances): string {
  const { problems, results, grid, outcome } = told;
  const charts = chartsOf(results);
  const sections: Section[] = [];
  if (charts.length > 0) sections.push(courseSection(charts));
  if (problems !== null && results.length > 0) sections.push(rateSection(results, problems));
  if (problems !== null && grid !== null) sections.push(gridSection(grid, problems));
  sections.push(methodSection(outcome));
  return renderPage({
    title: "Which estimator finds the best subset?",
    overline: "webgpu-imle: exact discrete solvers inside neural networks",
    lead: leadOf(told, circumstances),
    figures: problems === null ? [] : figuresOf(results, problems),
    sections,
    circumstances: circumstancesOf(told, circumstances),
    data: { charts },
    scripts: curveScripts,
    styles: [...curveStyles, ...heatStyles],
  });
}

/** The paper's methods as far as they are there, in the paper's order. */
const comparedOf = (results: readonly MethodEvent[]): { result: MethodEvent; loss: Outcome }[] =>
  ordering.flatMap((key) => {
    const result = results.find(({ method }) => method === key);
    return result?.published ? [{ result, loss: result.published.outcome }] : [];
  });

function leadOf({ results }: Told, { state }: Circumstances): Markup {
  const status = endingOf(state, results.length, methodKeys.length, "methods");
  const compared = comparedOf(results);
  if (compared.length < ordering.length) return html`Not all methods of the paper were run yet.${status}`;
  const [own, through, score] = compared.map(({ loss }) => loss.mean);
  const isSame = own! < through! && through! < score!;
  const [few, many] = [compared[0]!.result.steps, compared[2]!.result.steps];
  return html`A hundred times, ${k} of ${n} items with the least loss are to be found by following estimated gradients.
At the paper’s learning rates, I-MLE comes within <strong>${fixed(own!)}</strong> of the least loss, straight-through
within ${fixed(through!)}, and the score function, with ${many} steps instead of ${few}, within ${fixed(score!)}:
${isSame ? "the paper’s order" : "not the paper’s order, which is this one"}.${status}`;
}

function figuresOf(results: readonly MethodEvent[], { untrained }: ProblemsEvent): Figure[] {
  return comparedOf(results).map(({ result, loss }) => ({
    value: fixed(loss.mean),
    label: methodOf(result).name,
    note: `± ${fixed(loss.deviation)}, ${result.steps} steps; ${fixed(untrained)} at first`,
    colour: colours[result.method as MethodKey],
  }));
}

function chartsOf(results: readonly MethodEvent[]): Chart[] {
  const chart = (title: string, keys: readonly MethodKey[], hasBands: boolean): Chart[] => {
    const shown = results.filter(({ method }) => keys.includes(method as MethodKey));
    if (shown.length === 0) return [];
    const series = shown.map((result): Series => {
      const { mean, low, high } = result.course;
      const { rate } = result.published ?? bestOf(result);
      return {
        name: `${methodOf(result).name} (${rate})`,
        colour: colours[result.method as MethodKey],
        values: mean,
        ...(hasBands && { band: { low, high } }),
      };
    });
    return [{ title, xLabel: "step", x: shown[0]!.course.steps, scale: "number", series }];
  };
  return [
    ...chart("The paper’s rates, and the exact gradient", ["exact", "imle", "straightThrough"], true),
    ...chart("The score function, ten times as many steps", ["scoreFunction"], true),
    ...chart(
      "Others at their best rates",
      ["scoreFunctionBaseline", "simple", "perturbedOptimiser", "blackbox", "softSubset"],
      false,
    ),
  ];
}

function courseSection(charts: readonly Chart[]): Section {
  return {
    heading: "How the loss fell",
    introduction: html`Expected loss above the least there is, exactly, by all 252 states: the mean of a hundred
repeats, each with a problem and a start of its own, and where the middle 80 of them lie. Learning rates in brackets.`,
    body: chartPlaces(charts),
  };
}

function rateSection(results: readonly MethodEvent[], { untrained }: ProblemsEvent): Section {
  return {
    heading: "At every learning rate",
    introduction: html`Mean loss above the least at the last step. The stronger the colour, the closer; none at
${fixed(untrained)}, where all methods start. SIMPLE and the score function draw from p itself and know its marginals,
which only small problems allow; the others see states of perturbed or plain weights, and nothing of p.`,
    body: heatTable({
      rowLabel: "method",
      columnLabel: "learning rate",
      rows: results.map((result) => methodOf(result).name),
      columns: rates.map(String),
      values: results.map(({ outcomes }) => outcomes.map(({ mean }) => mean)),
      most: untrained,
    }),
  };
}

function gridSection({ means }: GridEvent, { untrained }: ProblemsEvent): Section {
  return {
    heading: "I-MLE by learning rate and λ",
    introduction: html`The same for I-MLE with other λ; the paper takes ${publishedLambda}. A small λ moves the weights
too little for the state to change, a large one so far that the state no longer depends on them.`,
    body: heatTable({
      rowLabel: "λ",
      columnLabel: "learning rate",
      rows: lambdas.map(String),
      columns: rates.map(String),
      values: means,
      most: untrained,
    }),
  };
}

function methodSection(outcome: SummaryEvent | null): Section {
  return {
    heading: "How it works",
    body: html`<ol class="steps">
<li>Weights θ of ${n} items make a distribution of subsets z of ${k}, p(z) ∝ exp⟨z, θ⟩. What is to be minimised is the
expected E‖z − b‖², b normal: the best subset has the largest b.</li>
<li>Each method sees the loss at states that it draws or solves for, and estimates the gradient from them. Gradient
descent with momentum 0.9 follows it.</li>
<li>What is shown is the exact expectation over all 252 states, less the least loss, for every method alike.</li>
<li>All repeats, learning rates and λ are one batch: a step is one training step of thousands of problems.${stepsProof(outcome)}</li>
</ol>`,
  };
}

function circumstancesOf(
  { outcome, results, problems }: Told,
  { adapter, seed, epochs, seconds, command, started }: Circumstances,
): (readonly [string, string])[] {
  return [
    ["Runtime and adapter", adapter === "" ? "none" : adapter],
    ["Steps", String(epochs)],
    ["Methods", `${results.length} of ${methodKeys.length}`],
    ["Repeats", String(problems?.repeats ?? 0)],
    ["Seed", String(seed)],
    ["Time", `${seconds.toFixed(1)} s`],
    ...memoryOf(outcome),
    ["Experiment", "Niepert, Minervini, Franceschi: Implicit MLE, NeurIPS 2021, Section 6.1"],
    ["Started", started.toISOString().replace("T", " ").slice(0, 16) + " UTC"],
    ["Again", command],
  ];
}
