/** What the program tells the process that started it. */

/** The three classifiers, by what they may see of a digit. */
export const views = ["chosen", "random", "all"] as const;
export type View = (typeof views)[number];
export type PerView = Readonly<Record<View, number>>;

/** An epoch is over, and the test digits were read. Epoch 0 is before any training. */
export interface EpochEvent {
  readonly type: "epoch";
  readonly epoch: number;
  /** Share of the test digits that were read correctly. */
  readonly accuracy: PerView;
  /** Cross-entropy of a training digit in nats, mean over the epoch; null before any training. */
  readonly loss: PerView | null;
  /** From the start of training to the end of this epoch. */
  readonly seconds: number;
  /** What the classifier of chosen patches said, a label for each test digit. */
  readonly predicted: readonly number[];
  /** The patches that it saw, 4 for each test digit, counted row by row from 0 to 48. */
  readonly patches: readonly number[];
}
