/** What the program tells the process that started it. */

/** The maps that the page shows, sent once before any training. */
export interface MapsEvent {
  readonly type: "maps";
  /** Tiles along the side of a map. */
  readonly side: number;
  readonly trainCount: number;
  /** 0 where there are no maps to validate on. */
  readonly validationCount: number;
  readonly testCount: number;
  readonly shown: readonly ShownMap[];
  /** Share of each terrain among the test maps' tiles. */
  readonly shares: readonly number[];
}

/** An unseen map with its truth. */
export interface ShownMap {
  /** Pixels row by row, red, green and blue, in base64. */
  readonly picture: string;
  /** True costs, row by row. */
  readonly costs: readonly number[];
  /** The cells of a cheapest path. */
  readonly path: readonly number[];
}

/** What a network does on unseen maps. */
export interface Measured {
  /** Share of the maps whose path is one of the cheapest by the true costs. */
  readonly accuracy: number;
  /** By how much a path costs more than a cheapest one, as a share of that; mean over the maps. */
  readonly regret: number;
  /** Cells in which its path and a cheapest one differ, mean over the maps. */
  readonly hamming: number;
  /** Learnt cost of each terrain, mean over its tiles, as it comes; null where there is no tile. */
  readonly costs: readonly (number | null)[];
}

/** What a network makes of one of the maps that are shown. */
export interface ShownResult {
  /** Learnt costs, row by row, as they come. */
  readonly costs: readonly number[];
  /** The cells of its path. */
  readonly path: readonly number[];
  /** For each cell, the share of perturbed paths that cross it. */
  readonly marginals: readonly number[];
}

/** What the network makes of it that is trained without noise. */
export type AblationResult = Pick<EpochEvent, "measured" | "shown" | "loss">;

/** An epoch is over. Epoch 0 is before any training. */
export interface EpochEvent {
  readonly type: "epoch";
  readonly epoch: number;
  readonly measured: Measured;
  /** On the maps to validate on; null where there are none. */
  readonly validation: Measured | null;
  /** One for each shown map. */
  readonly shown: readonly ShownResult[];
  /** Hamming loss of the training maps, mean over the epoch; null before any training. */
  readonly loss: number | null;
  /** The same of the network that is trained without noise; null once its epochs are over, or if there is none. */
  readonly ablation: AblationResult | null;
  /** From the start of training to the end of this epoch. */
  readonly seconds: number;
}
