import { SumOfGammaLaw, type LawPoint } from "./cdf.js";
import type { Quantile } from "../quantile-table/quantile-table.js";

/** Log-odds a little beyond those of the smallest tail of a 32-bit word, 2⁻³³. */
const LAST_LOG_ODDS = 23;
/** Heights above the lower bound below which the power law of the lower tail is used as it is. */
const NEAR_BOUND = 1e-9;

/** More points than any law needs (about a hundred); a march is bounded all the same. */
const MOST_POINTS = 1000;

/** A point of the quantile curve y(ℓ), ℓ the log-odds of u, with two derivatives. */
interface CurvePoint {
  readonly logOdds: number;
  readonly y: number;
  readonly first: number;
  readonly second: number;
}

/**
 * The quantile function of SoG(κ, 1, s), to 1e-7 absolutely (for κ above 500 to κ·4e-10), down to
 * tails of 2⁻³³.
 * Closed for κ = 1: x = −ln(s(1 − u^{1/s})), or −ln(−ln u) for s = ∞. Otherwise about a hundred points of the law
 * are computed (`SumOfGammaLaw`), and quintic Hermite interpolation in the log-odds of u runs through them.
 *
 * @param kappa number of ones in a state, from 1 to 10⁶
 * @param iterations s, a whole number from 1 to 10⁶ (beyond, rounding shows), or Infinity
 */
export function sumOfGammaQuantile(kappa: number, iterations: number): Quantile {
  return kappa === 1 ? closedQuantile(iterations) : invertedQuantile(kappa, iterations);
}

function closedQuantile(s: number): Quantile {
  return (tail, upper) => {
    const logU = upper ? Math.log1p(-tail) : Math.log(tail);
    return -Math.log(s === Infinity ? -logU : -s * Math.expm1(logU / s));
  };
}

/** The quantile function by inversion, for any κ ≥ 1 (κ = 1 too, where the closed form can judge it). */
export function invertedQuantile(kappa: number, s: number): Quantile {
  const law = new SumOfGammaLaw(kappa, s);
  const curve = curveOf(law);
  const lowest = curve[0]!;
  return (tail, upper) => {
    const odds = Math.log(tail) - Math.log1p(-tail);
    const logOdds = upper ? -odds : odds;
    if (logOdds < lowest.logOdds && s !== Infinity) {
      return law.origin + lowest.y * Math.exp((lowest.first / lowest.y) * (logOdds - lowest.logOdds));
    }
    let low = 0;
    let high = curve.length - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (curve[middle]!.logOdds <= logOdds) low = middle;
      else high = middle;
    }
    return law.origin + hermite(curve[low]!, curve[high]!, logOdds);
  };
}

/** Points of the quantile curve in the order of log-odds, close enough for {@link hermite}. */
function curveOf(law: SumOfGammaLaw): CurvePoint[] {
  const start = 1.3;
  const first = pointAt(law, start, law.saddle(start).y);
  const down = march(law, start, first, -1, (point) => point.logOdds < -LAST_LOG_ODDS || isAtBound(law, point));
  const up = march(law, start, first, 1, (point) => point.logOdds > 4);
  const last = up.at(-1) ?? first;
  const root = rootOf(law, last.y + last.first * stepOf(last));
  const turn = pointAt(law, root, law.saddle(root).y);
  const tail = march(law, root, turn, 1, (point) => point.logOdds > LAST_LOG_ODDS);
  return [...down.reverse(), first, ...up, turn, ...tail];
}

const isAtBound = (law: SumOfGammaLaw, point: CurvePoint): boolean =>
  law.iterations !== Infinity && point.y < NEAR_BOUND;

/** How far in log-odds the next point may be: shorter where y bends. */
const stepOf = (point: CurvePoint): number => 0.5 / Math.max(1, Math.abs(point.second / point.first));

/** Points beyond `from`, towards larger or smaller y, up to the first that is the last; steps follow the curve. */
function march(
  law: SumOfGammaLaw,
  root: number,
  from: CurvePoint,
  direction: 1 | -1,
  isLast: (point: CurvePoint) => boolean,
): CurvePoint[] {
  const points: CurvePoint[] = [];
  let point = from;
  while (!isLast(point) && points.length < MOST_POINTS) {
    root += (direction * stepOf(point) * point.first) / law.saddle(root).slope;
    point = pointAt(law, root, law.saddle(root).y);
    points.push(point);
  }
  return points;
}

function pointAt(law: SumOfGammaLaw, root: number, y: number): CurvePoint {
  const point: LawPoint = law.at(root, y);
  const odds = Math.log(point.tail) - Math.log1p(-point.tail);
  const u = point.upper ? 1 - point.tail : point.tail;
  const first = (point.tail * (1 - point.tail)) / point.density;
  const second = first * (1 - 2 * u - (point.slope / point.density) * first);
  return { logOdds: point.upper ? -odds : odds, y, first, second };
}

/** The root in (0, 1) whose saddle point belongs to y, by bisection. */
function rootOf(law: SumOfGammaLaw, y: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (law.saddle(middle).y > y) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Quintic Hermite interpolation: value and two derivatives at both ends. */
function hermite(from: CurvePoint, to: CurvePoint, logOdds: number): number {
  const width = to.logOdds - from.logOdds;
  const t = (logOdds - from.logOdds) / width;
  const rise = to.y - from.y;
  const a1 = from.first * width;
  const b1 = to.first * width;
  const a2 = from.second * width * width;
  const b2 = to.second * width * width;
  const c3 = 10 * rise - 6 * a1 - 4 * b1 - 1.5 * a2 + 0.5 * b2;
  const c4 = -15 * rise + 8 * a1 + 7 * b1 + 1.5 * a2 - b2;
  const c5 = 6 * rise - 3 * a1 - 3 * b1 - 0.5 * a2 + 0.5 * b2;
  return from.y + t * (a1 + t * (a2 / 2 + t * (c3 + t * (c4 + t * c5))));
}
