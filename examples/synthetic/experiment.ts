/** "Which estimator finds the best subset?" as `npm start` runs it. */

import type { ProgramEvent } from "../../tools/runtimes/host.js";
import type { Circumstances, Experiment, Options, Run } from "../report/experiment.js";
import type { SummaryEvent } from "../report/steps.js";
import type { GridEvent, MethodEvent, ProblemsEvent } from "./events.js";
import { type Method, type MethodKey, methods } from "./methods.js";
import { bestOf, syntheticPage } from "./page.js";
import { type Arguments, repeats } from "./train.js";

export const synthetic: Experiment = {
  name: "synthetic",
  summary: "which estimator finds the best subset? I-MLE and others on a problem that can be enumerated",
  program: "examples/synthetic/train.ts",
  defaultEpochs: 50,
  isOptional: true,
  announcement: ({ epochs }) =>
    `Looks for the best 5 of 10 items by ${Object.keys(methods).length} estimators, ${repeats} times each: ` +
    `${epochs} steps, about a minute on two processor cores, seconds on a GPU.`,
  prepare: (options) => new SyntheticRun(options),
};

export class SyntheticRun implements Run {
  readonly args: Arguments;
  readonly data = {};
  private problems: ProblemsEvent | null = null;
  private readonly results: MethodEvent[] = [];
  private grid: GridEvent | null = null;
  private outcome: SummaryEvent | null = null;

  constructor({ seed, epochs }: Options) {
    this.args = { seed, steps: epochs };
  }

  receive(event: ProgramEvent): string | null {
    if (event.type === "problems") this.problems = event as unknown as ProblemsEvent;
    if (event.type === "grid") this.grid = event as unknown as GridEvent;
    if (event.type === "summary") this.outcome = event as unknown as SummaryEvent;
    if (event.type !== "method") return null;
    const result = event as unknown as MethodEvent;
    this.results.push(result);
    const { rate, outcome } = bestOf(result);
    const name = methods[result.method as MethodKey].name;
    return `${name.padEnd(28)} ${outcome.mean.toFixed(3)} at rate ${rate}   ${result.seconds.toFixed(1)} s`;
  }

  summary(): readonly (readonly string[])[] {
    if (this.results.length === 0) return [];
    const shown = ({ mean, deviation }: { mean: number; deviation: number }): string =>
      `${mean.toFixed(3)} ± ${deviation.toFixed(3)}`;
    return [
      ["loss above the least, mean ± deviation", "steps", "at the paper's rate", "at the best rate", "a step takes"],
      ...this.results.map((result) => {
        const { name, work }: Method = methods[result.method as MethodKey];
        const { published, steps } = result;
        const { rate, outcome } = bestOf(result);
        const given = published === null ? "" : `${shown(published.outcome)} (${published.rate})`;
        return [name, String(steps), given, `${shown(outcome)} (${rate})`, work];
      }),
    ];
  }

  page(circumstances: Circumstances): string {
    const { problems, results, grid, outcome } = this;
    return syntheticPage({ problems, results, grid, outcome }, circumstances);
  }
}
