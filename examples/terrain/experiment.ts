/** "What does the ground cost?" as `npm start` runs it. */

import type { ProgramEvent } from "../../tools/runtimes/host.js";
import type { Circumstances, Experiment, Options, Run } from "../report/experiment.js";
import type { EpochEvent, MapsEvent, Measured, SummaryEvent } from "./events.js";
import { publishedFiles } from "./published-files.js";
import { terrainPage } from "./page.js";
import { costFactor } from "./scale.js";
import { terrains } from "./terrains.js";
import type { Arguments } from "./train.js";

const dataFolderName = "published";

const percent = (share: number, digits = 1): string => `${(100 * share).toFixed(digits)} %`;

export const terrain: Experiment = {
  name: "terrain",
  summary: "what does the ground cost? Shortest paths through I-MLE on maps",
  program: "examples/terrain/train.ts",
  defaultEpochs: 24,
  dataHelp: "terrain: the published Warcraft maps of one size, {train,test}_{maps,vertex_weights,shortest_paths}.npy",
  announcement({ epochs, data }) {
    const from = data === undefined ? "pictures" : `the maps in ${data}`;
    const time = `, about ${Math.max(1, Math.round(epochs / 8))} min on two processor cores, seconds on a GPU`;
    const passes = `${epochs} ${epochs === 1 ? "epoch" : "epochs"}${data === undefined ? time : ""}`;
    return `Learns what the ground costs from ${from} and the cheapest paths: ${passes}.`;
  },
  prepare: (options) => new TerrainRun(options),
};

export class TerrainRun implements Run {
  readonly args: Arguments;
  readonly data: Readonly<Record<string, string>>;
  private readonly source: string;
  private readonly epochs: EpochEvent[] = [];
  private maps: MapsEvent | null = null;
  private outcome: SummaryEvent | null = null;

  /** @throws ImleError `data` when a file of `options.data` is missing */
  constructor({ seed, epochs, data }: Options) {
    this.args = { seed, epochs, published: data === undefined ? null : publishedFiles(data, dataFolderName) };
    this.data = data === undefined ? {} : { [dataFolderName]: data };
    this.source = data === undefined ? "made up from the seed" : `of ${data}`;
  }

  receive(event: ProgramEvent): string | null {
    if (event.type === "maps") this.maps = event as unknown as MapsEvent;
    if (event.type === "summary") this.outcome = event as unknown as SummaryEvent;
    if (event.type !== "epoch") return null;
    const result = event as unknown as EpochEvent;
    this.epochs.push(result);
    const { measured, ablation, loss, seconds } = result;
    const parts = [
      `epoch ${String(result.epoch).padEnd(2)}`,
      `cheapest ${percent(measured.accuracy).padStart(6)}`,
      `regret ${percent(measured.regret, 2).padStart(7)}`,
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
    return [
      [...head, ...(without === undefined ? [] : [`without noise, epoch ${without.epoch}`]), "expected"],
      row("cheapest paths", "at least 93 %", ({ accuracy }) => percent(accuracy)),
      row("regret", "below 0.5 %", ({ regret }) => percent(regret, 2)),
      row("tiles that differ (Hamming)", "", ({ hamming }) => hamming.toFixed(2)),
      ...terrains.map(({ name, cost }, i) =>
        row(`learnt cost of ${name}, × ${factor.toFixed(2)}`, cost.toFixed(1), ({ costs }) =>
          costs[i] === null ? "–" : (factor * costs[i]!).toFixed(2),
        ),
      ),
    ];
  }

  page(circumstances: Circumstances): string {
    const { maps, epochs, outcome, source } = this;
    return terrainPage({ maps, epochs, outcome, source }, circumstances);
  }
}
