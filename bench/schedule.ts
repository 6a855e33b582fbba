/**
 * What a run measures next: every case once, in their order, and then, round after round, those that are not known well
 * enough, as long as there is time. A case's samples come from several moments then, and what the machine did besides
 * for some seconds is in a part of them alone.
 */

import type { Pace } from "./pace.js";

export interface Scheduled {
  /** Of the benchmark that it belongs to. */
  readonly benchmark: string;
  /** Stays as long as there is any time, and has its further rounds before others. */
  readonly headline: boolean;
  /** Stays in any case, and comes first: others are given as shares of it. */
  readonly ceiling: boolean;
}

export interface Turn {
  /** The case's place in the list. */
  readonly index: number;
  /** From 0. */
  readonly round: number;
  /** No time is left for it. */
  readonly leftOut: boolean;
  /** The share of the run that is done before it, and after it, as far as that can be told. */
  readonly done: number;
  readonly then: number;
}

export interface ScheduleSettings extends Pick<Pace, "least" | "most"> {
  /** Milliseconds of the whole run. */
  readonly allowance: number;
  /** Milliseconds after which only the rounds begin that every case has at least. */
  readonly patience: number;
  /** A clock in milliseconds. */
  readonly now: () => number;
}

/** Of the allowance, for the first round: what it cannot pay for is left out. */
const firstRound = 0.6;
/** Milliseconds that a case is taken for until one has been measured. */
const firstGuess = 1500;

/** To be told after each turn whether the case needs no other. */
export function* schedule(cases: readonly Scheduled[], settings: ScheduleSettings): Generator<Turn, void, boolean> {
  const { least, most, allowance, patience, now } = settings;
  const started = now();
  const end = started + allowance;
  const endOfFirst = started + firstRound * allowance;
  let turns = 0;
  let done = 0;
  /** @param ahead  turns at most, this one included */
  const shares = (ahead: number): Pick<Turn, "done" | "then"> => {
    done = Math.max(done, turns / (turns + ahead), Math.min(1, (now() - started) / allowance));
    return { done, then: Math.max(done, (turns + 1) / (turns + ahead)) };
  };
  let open: number[] = [];
  for (const [index, { benchmark, headline, ceiling }] of cases.entries()) {
    const siblings = cases.flatMap((one, other) => (one.benchmark === benchmark ? [other] : []));
    const left = endOfFirst - now();
    const each = turns === 0 ? firstGuess : (now() - started) / turns;
    // Where there is time for a share of all that remain, each benchmark keeps that share of its own, the first at least.
    const kept = Math.max(1, Math.round((left / each / (cases.length - index)) * siblings.length));
    const isTime = left > 0 && (headline || siblings.indexOf(index) < kept);
    const remaining = cases.length - index;
    const ahead = remaining + (most - 1) * (open.length + remaining);
    if (!isTime && !ceiling) {
      yield { index, round: 0, leftOut: true, ...shares(ahead) };
      continue;
    }
    if (!(yield { index, round: 0, leftOut: false, ...shares(ahead) })) open.push(index);
    turns++;
  }
  const urgency = (index: number): number => (cases[index]!.ceiling ? 2 : cases[index]!.headline ? 1 : 0);
  open.sort((a, b) => urgency(b) - urgency(a));
  for (let round = 1; round < most; round++) {
    const further: number[] = [];
    for (const [place, index] of open.entries()) {
      if (now() >= (round < least ? end : Math.min(end, started + patience))) return;
      const remaining = open.length - place;
      const ahead = remaining + (most - 1 - round) * (further.length + remaining);
      if (!(yield { index, round, leftOut: false, ...shares(ahead) })) further.push(index);
      turns++;
    }
    open = further;
  }
}
