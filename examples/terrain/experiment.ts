/** "What does the ground cost?" as `npm start` runs it. */

import type { AdapterDescription, ProgramEvent } from "../../tools/runtimes/host.js";
import type { Circumstances, Experiment, Options, Run } from "../report/experiment.js";
import type { SummaryEvent } from "../report/steps.js";
import type { EpochEvent, MapsEvent, Measured } from "./events.js";
import { publishedFiles } from "./published-files.js";
import { terrainPage } from "./page.js";
import { defaultModel, type ModelName, type Recipe, recipes } from "./recipes.js";
import { costFactor } from "./scale.js";
import { terrains } from "./terrains.js";
import { type Arguments, trainCount } from "./train.js";

const dataFolderName = "published";

const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

export const terrain: Experiment = {
  name: "terrain",
  summary: "what does the ground cost? Shortest paths through I-MLE on maps",
  program: "examples/terrain/train.ts",
  defaultEpochs: recipes[defaultModel].defaultEpochs,
  models: recipes,
  dataHelp:
    "terrain: the published Warcraft maps of one size, {train,val,test}_{maps,vertex_weights,shortest_paths}.npy; " +
    "val_… may be missing",
  announcement({ epochs, data, model }, adapter) {
    const from = data === undefined ? "pictures" : `the maps in ${data}`;
    const passes = `${epochs} ${epochs === 1 ? "epoch" : "epochs"}`;
    const time = adapter.software ? `, ${estimate(modelOf(model), epochs, adapter, data === undefined)}` : "";
    return `Learns what the ground costs from ${from} and the cheapest paths: ${passes}${time}.`;
  },
  prepare: (options) => new TerrainRun(options),
};

const modelOf = (name: string = defaultModel): ModelName => name as ModelName;

/** How long a software adapter takes on two cores. The number of a user's own maps is not known at first. */
function estimate(model: ModelName, epochs: number, { description }: AdapterDescription, generated: boolean): string {
  const { lavapipe, other } = recipes[model].secondsPerThousandMaps;
  const seconds = epochs * (/llvmpipe|lavapipe/i.test(description) ? lavapipe : other);
  const whole = generated ? (seconds * trainCount) / 1000 : seconds;
  const amount = whole < 5400 ? `${Math.max(1, Math.round(whole / 60))} min` : `${(whole / 3600).toFixed(1)} h`;
  return `about ${amount} ${generated ? "" : "for each thousand maps "}on this software adapter and two cores`;
}

export class TerrainRun implements Run {
  readonly args: Arguments;
  readonly data: Readonly<Record<string, string>>;
  private readonly source: string;
  private readonly epochs: EpochEvent[] = [];
  private maps: MapsEvent | null = null;
  private outcome: SummaryEvent | null = null;

  /** @throws ImleError `data` when a file of `options.data` is missing */
  constructor({ seed, epochs, data, model }: Options) {
    const published = data === undefined ? null : publishedFiles(data, dataFolderName);
    this.args = { seed, epochs, model: modelOf(model), published };
    this.data = data === undefined ? {} : { [dataFolderName]: data };
    this.source = data === undefined ? "made up from the seed" : `of ${data}`;
  }

  receive(event: ProgramEvent): string | null {
    if (event.type === "maps") this.maps = event as unknown as MapsEvent;
    if (event.type === "summary") this.outcome = event as unknown as SummaryEvent;
    if (event.type !== "epoch") return null;
    const result = event as unknown as EpochEvent;
    this.epochs.push(result);
    const { measured, validation, ablation, loss, seconds } = result;
    const parts = [
      `epoch ${String(result.epoch).padEnd(2)}`,
      `cheapest ${percent(measured.accuracy).padStart(6)}`,
      `regret ${percent(measured.regret, 2).padStart(7)}`,
      ...(validation === null ? [] : [`validation ${percent(validation.accuracy)}`]),
      loss === null ? "untrained" : `loss ${loss.toFixed(2)}`,
      `${seconds.toFixed(1)} s`,
      ...(ablation === null || loss === null ? [] : [`without noise ${percent(ablation.measured.accuracy)}`]),
    ];
    return parts.join("   ");
  }

  summary(): readonly (readonly string[])[] {
    const last = this.epochs.at(-1);
    if (last === undefined || this.maps === null) return [];
    const without = this.epochs.findLast(({ ablation }) => ablation !== null);
    const factor = costFactor(last.measured, this.maps.shares);
    const row = (name: string, expected: string, value: (measured: Measured) => string): string[] => [
      name,
      value(last.measured),
      ...(without === undefined ? [] : [value(without.ablation!.measured)]),
      expected,
    ];
    const head = [`on ${this.maps.testCount.toLocaleString("en")} unseen maps`, `I-MLE, epoch ${last.epoch}`];
    const { validation } = last;
    const { defaultEpochs, ...recipe } = recipes[this.args.model] as Recipe;
    const expected = this.args.published === null ? recipe.expected : null;
    const expectedAfter = expected === null ? "true" : `expected after ${defaultEpochs}`;
    const count = this.maps.validationCount.toLocaleString("en");
    const validated = validation && [`cheapest paths, validation (${count})`, percent(validation.accuracy)];
    return [
      [...head, ...(without === undefined ? [] : [`without noise, epoch ${without.epoch}`]), expectedAfter],
      row("cheapest paths", expected?.accuracy ?? "", ({ accuracy }) => percent(accuracy)),
      ...(validated ? [validated] : []),
      row("regret", expected?.regret ?? "", ({ regret }) => percent(regret, 2)),
      row("tiles that differ (Hamming)", "", ({ hamming }) => hamming.toFixed(2)),
      ...terrains.map(({ name, cost }, i) =>
        row(`learnt cost of ${name}, × ${factor.toFixed(2)}`, cost.toFixed(1), ({ costs }) =>
          costs[i] === null ? "–" : (factor * costs[i]!).toFixed(2),
        ),
      ),
    ];
  }

  page(circumstances: Circumstances): string {
    const { maps, epochs, outcome, source, args } = this;
    return terrainPage({ maps, epochs, outcome, source, model: args.model }, circumstances);
  }
}
