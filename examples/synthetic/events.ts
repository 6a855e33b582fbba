/** What the program tells the process that started it. Losses are how far E‖z − b‖² is above the least there is. */

/** The problems are made. */
export interface ProblemsEvent {
  readonly type: "problems";
  readonly repeats: number;
  /** Loss of the weights that all methods start from, mean over the repeats. */
  readonly untrained: number;
}

/** Mean and standard deviation over the repeats. */
export interface Outcome {
  readonly mean: number;
  readonly deviation: number;
}

/** The loss in the course of training: mean, and the bounds of the middle 80 % of the repeats. */
export interface Course {
  readonly steps: readonly number[];
  readonly mean: readonly number[];
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/** A method is through with all its rates. */
export interface MethodEvent {
  readonly type: "method";
  /** A key of `methods`. */
  readonly method: string;
  readonly steps: number;
  /** The paper's learning rate; null where it has none. */
  readonly published: { readonly rate: number; readonly outcome: Outcome } | null;
  /** At the last step, one for each of `rates`. */
  readonly outcomes: readonly Outcome[];
  /** At the paper's rate, or at the best one. */
  readonly course: Course;
  readonly seconds: number;
}

/** I-MLE at every pair of a learning rate and a λ: means of the last losses, one row a λ. */
export interface GridEvent {
  readonly type: "grid";
  readonly means: readonly (readonly number[])[];
}
