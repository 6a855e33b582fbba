import type { Engine } from "./engine.js";
import { formatValue, must } from "./error.js";
import { requireOptions } from "./ops/arguments.js";
import { matmul } from "./ops/matmul.js";
import { sum } from "./ops/reduce.js";

/**
 * Which kernels are taken where there are several for one thing. The choice is a function of the shapes, the adapter
 * and this table alone, so that results repeat to the bit: save what {@link Engine.tune} found and give it to every
 * run.
 */
export interface Tuning {
  /**
   * Products and convolutions: by lanes with a tile in registers each; by quads, four lanes that exchange what they
   * load (with the device's feature `subgroups` only); or by workgroups that share it in workgroup memory.
   */
  readonly products: "lane" | "quad" | "workgroup";
  /**
   * Rows of the largest tile that a lane takes, and half of those that a quad takes; 32 is quicker than 16 and compiles
   * up to four times as long.
   */
  readonly largestTile: 8 | 16 | 32;
  /**
   * Reductions, softmax, normalisations and solvers: a lane by itself, or a workgroup together, to a row or instance.
   */
  readonly rows: "lane" | "workgroup";
}

const choices = {
  products: ["lane", "quad", "workgroup"],
  largestTile: [8, 16, 32],
  rows: ["lane", "workgroup"],
} as const satisfies { readonly [name in keyof Tuning]: readonly Tuning[name][] };

/** Barriers cost a processor more than what they save; `quad` is one that runs four lanes at once. */
const usual = {
  software: { products: "lane", largestTile: 32, rows: "lane" },
  quad: { products: "quad", largestTile: 32, rows: "lane" },
  gpu: { products: "workgroup", largestTile: 16, rows: "workgroup" },
} as const satisfies Record<string, Tuning>;

export function usualTuning({ software, runsQuads }: Engine): Tuning {
  if (!software) return usual.gpu;
  return runsQuads ? usual.quad : usual.software;
}

/** Whether four lanes are all that runs together on the device, and may exchange values. */
export const runsInQuads = (device: GPUDevice, info: GPUAdapterInfo | undefined): boolean =>
  hasSubgroups(device) && info?.subgroupMaxSize === 4;

const hasSubgroups = (device: GPUDevice): boolean => device.features.has("subgroups");

/** Throws unless it is a whole table, and one for this device. */
export function checkTuning(tuning: Tuning, device?: GPUDevice): Tuning {
  const names = Object.keys(choices) as (keyof Tuning)[];
  requireOptions("tuning", tuning, names);
  for (const name of names) {
    must(
      (choices[name] as readonly unknown[]).includes(tuning[name]),
      "value",
      () => `tuning: ${name} must be one of ${choices[name].join(", ")}, got ${formatValue(tuning[name])}`,
      "Pass what engine.tune() resolved to.",
    );
  }
  must(
    tuning.products !== "quad" || !device || hasSubgroups(device),
    "limit",
    () => "tuning: the device must have the feature subgroups for products by quads, got a device without it",
    'Ask for it in requestDevice({ requiredFeatures: ["subgroups"] }), or choose "lane".',
  );
  return { ...tuning };
}

/** Measures, one choice after the other, with the engine's own operations; see {@link Engine.tune}. */
export async function measureTuning(engine: Engine): Promise<Tuning> {
  const scope = engine.openScope();
  try {
    const [small, large] = [engine.full([256, 256], 1), engine.full([512, 512], 1)];
    const long = engine.full([1024, 1024], 1);
    let best: Tuning = { ...usualTuning(engine), largestTile: 16 };
    const choose = async (candidates: readonly Partial<Tuning>[], unit: () => void): Promise<void> => {
      const times: number[] = [];
      for (const candidate of candidates) {
        engine.tuning = { ...best, ...candidate };
        times.push(await millisecondsOf(engine, unit, Math.min(...times)));
      }
      best = { ...best, ...candidates[times.indexOf(Math.min(...times))] };
    };
    await choose([{ rows: "lane" }, { rows: "workgroup" }], () => void sum(long, 1));
    const products = choices.products.filter((by) => by !== "quad" || hasSubgroups(engine.device));
    await choose(products.map((by) => ({ products: by })), () => void matmul(small, small));
    if (best.products !== "workgroup") {
      await choose(choices.largestTile.map((largestTile) => ({ largestTile })), () => void matmul(large, large));
    }
    return best;
  } finally {
    scope.close();
  }
}

const longEnough = 50;

/** The least of three batches; one batch will do for what is far slower than the quickest so far. */
async function millisecondsOf(engine: Engine, unit: () => void, quickest: number): Promise<number> {
  const batch = async (count: number): Promise<number> => {
    const started = performance.now();
    for (let i = 0; i < count; i++) engine.scope(unit);
    await engine.idle();
    return performance.now() - started;
  };
  await batch(1); // compiles
  let count = 1;
  let time = await batch(count);
  while (time < longEnough && count < 4096) time = await batch((count *= 4));
  if (time > 4 * count * quickest) return time / count;
  return Math.min(time, await batch(count), await batch(count)) / count;
}
