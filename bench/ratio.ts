/** By what factor times have changed, with an interval that assumes nothing of how they scatter. */

import { ascending, quantile } from "./statistics.js";

export interface Ratio {
  /** After over before. */
  readonly ratio: number;
  /** Null where the values are too few for the certainty that was asked for. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** Of a run's samples, from the least on: what its figure is the middle of. */
export const leastShare = 1 / 3;
/** What two runs are compared by: the first that can tell. */
const leastShares = [leastShare, 1 / 2, 1] as const;
/** The share of quotients that an interval must leave out at each end: of fewer values a third tells too little. */
const leftOut = 1 / 25;

/** The least of anything that has a time, in ascending order. */
export const least = <One>(list: readonly One[], timeOf: (one: One) => number, share: number): One[] =>
  [...list].sort((a, b) => timeOf(a) - timeOf(b)).slice(0, countOf(list.length, share));

function shareFor(before: number, after: number, uncertainty: number): number {
  const canTell = (share: number): boolean => {
    const law = lawOfRanks(before, after, share);
    return rejected(law, uncertainty / 2) >= leftOut * (law.length - 1);
  };
  return leastShares.find(canTell) ?? 1;
}

/** The middle of the least third: what a row would take on a machine that does nothing else. */
export const leastOf = (values: readonly number[]): number => quantile(ascending(values), leastShare / 2);

/**
 * Of two runs, by the least third of each: other work only ever adds to a time, so that the least are nearly free of it
 * where the others are not. The median of all quotients of the two thirds (Hodges and Lehmann 1963), and the factors
 * that their ranks do not reject (Mann and Whitney 1947, with the law of the ranks of thirds in place of that of all).
 * Nothing is assumed of how times scatter.
 * @param before  above 0, not empty
 * @param after  above 0, not empty
 * @param uncertainty  the share of such intervals that may miss the true ratio
 * @returns the ratio, and the share of the values that was compared
 * @param given  the share of the values of each that are compared; by default a third, or more where they are few
 */
export function ratioOfRuns(
  before: readonly number[],
  after: readonly number[],
  uncertainty: number,
  given?: number,
): Ratio & { readonly share: number } {
  const size = Math.ceil(Math.max(before.length, after.length) / mostValues);
  const [first, second] = [before, after].map((times) => leastOfBlocks(times, size));
  const share = given ?? shareFor(first!.length, second!.length, uncertainty);
  const [a, b] = [first!, second!].map((times) => ascending(times).slice(0, countOf(times.length, share)));
  const logs = b!.flatMap((late) => a!.map((early) => Math.log(late / early)));
  return { ...middleOf(logs, lawOfRanks(first!.length, second!.length, share), uncertainty), share };
}

/** The law of the ranks of many more takes long: then the least of every few neighbours stands for them. */
const mostValues = 80;

const leastOfBlocks = (times: readonly number[], size: number): number[] =>
  Array.from({ length: Math.floor(times.length / size) || 1 }, (_, i) =>
    Math.min(...times.slice(i * size, (i + 1) * size)),
  );

/**
 * Of pairs that were measured beside each other: the median of all means of two (Walsh averages), and the factors that
 * the signed-rank test of Wilcoxon (1945) does not reject.
 * @param ratios  after over before of each pair; above 0, not empty
 * @param uncertainty  the share of such intervals that may miss the true ratio
 */
export function ratioOfPairs(ratios: readonly number[], uncertainty: number): Ratio {
  const logs = ratios.map(Math.log);
  const means = logs.flatMap((one, i) => logs.slice(i).map((other) => (one + other) / 2));
  return middleOf(means, lawOfSignedRanks(ratios.length), uncertainty);
}

/**
 * Of two builds that took turns: by their pairs, which other work slows down together, and by the least of each, which
 * it spares. The true ratio is in both intervals, each of half the uncertainty, and so in what they have in common.
 * @param before  above 0, not empty
 * @param after  above 0, beside those before
 * @param uncertainty  the share of such intervals that may miss the true ratio
 */
export function ratioOfTurns(before: readonly number[], after: readonly number[], uncertainty: number): Ratio {
  const pairs = ratioOfPairs(after.map((time, i) => time / before[i]!), uncertainty / 2);
  const runs = ratioOfRuns(before, after, uncertainty / 2);
  if (pairs.interval === null || runs.interval === null) return pairs.interval === null ? runs : pairs;
  const [low, high] = [Math.max(pairs.interval[0], runs.interval[0]), Math.min(pairs.interval[1], runs.interval[1])];
  const widths = [pairs, runs].map(({ interval }) => interval![1] / interval![0]);
  const { ratio } = widths[0]! < widths[1]! ? pairs : runs;
  return { ratio: Math.max(low, Math.min(ratio, high)), interval: low <= high ? [low, high] : null };
}

const countOf = (values: number, share: number): number => Math.ceil(values * share);

/** @param law  how probable it is that so many of the values lie below the true one: of 0, 1, … */
function middleOf(values: number[], law: Float64Array, uncertainty: number): Ratio {
  values.sort((a, b) => a - b);
  const left = rejected(law, uncertainty / 2);
  const right = rejected(law.toReversed(), uncertainty / 2);
  const interval = [values[left - 1], values[values.length - right]] as const;
  return {
    ratio: Math.exp(quantile(values, 0.5)),
    interval: left === 0 || right === 0 ? null : [Math.exp(interval[0]!), Math.exp(interval[1]!)],
  };
}

/** How many of the least outcomes have at most this probability together. */
function rejected(law: Float64Array, probability: number): number {
  let tail = 0;
  let count = 0;
  while (count < law.length && (tail += law[count]!) <= probability) count++;
  return count;
}

const laws = new Map<string, Float64Array>();

/**
 * The law of the number of pairs, one of each run's least values, in which the second is less, where both runs are
 * drawn from the same: every order of the two runs' values is as probable as any other.
 */
function lawOfRanks(n: number, m: number, share: number): Float64Array {
  const key = [n, m, share].join();
  const known = laws.get(key);
  if (known !== undefined) return known;
  const [h, g] = [countOf(n, share), countOf(m, share)];
  // By how many values of each run have been passed in ascending order; of the second run all lengths at once.
  let row: Float64Array[] = [];
  for (let i = 0; i <= n; i++) {
    const next = Array.from({ length: m + 1 }, () => new Float64Array(h * g + 1));
    for (let j = 0; j <= m; j++) {
      const here = next[j]!;
      if (i === 0 && j === 0) here[0] = 1;
      if (i > 0) {
        // A value of the first run comes, and is above those of the second that have been passed.
        const probability = (n - i + 1) / (n + m - i - j + 1);
        const above = i <= h ? Math.min(j, g) : 0;
        const from = row[j]!;
        for (let count = above; count < here.length; count++) here[count]! += probability * from[count - above]!;
      }
      if (j > 0) {
        const probability = (m - j + 1) / (n + m - i - j + 1);
        const from = next[j - 1]!;
        for (let count = 0; count < here.length; count++) here[count]! += probability * from[count]!;
      }
    }
    row = next;
  }
  laws.set(key, row[m]!);
  return row[m]!;
}

/** The law of the sum of the ranks, 1 to n, of which each counts or not with the probability of a half. */
function lawOfSignedRanks(n: number): Float64Array {
  const law = new Float64Array((n * (n + 1)) / 2 + 1);
  law[0] = 1;
  for (let rank = 1; rank <= n; rank++) {
    for (let sum = (rank * (rank + 1)) / 2; sum >= 0; sum--) {
      law[sum] = law[sum]! / 2 + (sum >= rank ? law[sum - rank]! / 2 : 0);
    }
  }
  return law;
}

/** The share of comparisons of a build with itself in which any row at all may be marked: its rows share it out. */
export const falseMarks = 0.05;

export type Change = "slower" | "faster" | "same" | "unclear";

/**
 * Smaller changes are never marked: two processes of one build differ by as much, by where their buffers and code
 * happen to lie and by how busy the machine was (up to 4 % was measured, of 80 rows).
 */
export const leastChange = 0.05;

/** A change of as much would have been seen where a row is called the same. */
export const seenChange = 0.2;

/** What may be said of a ratio: nothing where its interval would have room for a large change. */
export function changeOf({ ratio, interval }: Ratio): Change {
  if (interval === null) return "unclear";
  const [low, high] = interval;
  if (low > 1 && ratio > 1 + leastChange) return "slower";
  if (high < 1 && ratio < 1 / (1 + leastChange)) return "faster";
  return low > 1 / (1 + seenChange) && high < 1 + seenChange ? "same" : "unclear";
}
