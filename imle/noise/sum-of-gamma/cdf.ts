import { logGammaRise, type Complex } from "./log-gamma.js";

/** A point of the law: one tail probability, the density and the density's slope at x. */
export interface LawPoint {
  /** Value minus {@link SumOfGammaLaw.origin}. */
  y: number;
  /** P(X ≤ x) where `upper` is false, P(X > x) where it is true. */
  tail: number;
  upper: boolean;
  density: number;
  slope: number;
}

/** Terms below this share of the largest end a sum. */
const NEGLIGIBLE = 1e-14;

/**
 * The law of SoG(κ, τ = 1, s) = Σ_{i=1..s} G_i/i − ln(s)/κ, G_i ~ Gamma(1/κ, 1) (arXiv 2106.01798, Eq. 13), by its
 * moment generating function E e^{zX} = [Γ(s+1)Γ(1−z)s^{−z}/Γ(s+1−z)]^{1/κ}, or Γ(1−z)^{1/κ} for s = ∞.
 *
 * P(X ≤ x) and P(X > x) are integrals of ∓e^{K(z) − zx}/z up a line left of 0, or between 0 and 1. The line is bent to
 * a parabola around the branch points 1, 2, …: z = 1 − root² + q² − 2i·width·q, through (about) the saddle point. There
 * the trapezoidal rule converges geometrically; nodes spaced as a hyperbolic sine also serve the slow decay |z|^{−s/κ}
 * of small s. The saddle point is what is chosen and x follows, so that nothing has to be solved for, and an
 * approximate digamma function is enough.
 *
 * Checked for κ and s from 1 to 10⁶ and ∞ against closed forms (κ = 1) and finer spacing.
 */
export class SumOfGammaLaw {
  /** The lower bound −ln(s)/κ for finite s, where y counts from; 0 for s = ∞. */
  readonly origin: number;
  private readonly atOne: number;
  /** Spacing of the trapezoidal rule in the argument of the hyperbolic sine; large κ cancels more, and needs less. */
  private readonly spacing: number;
  private readonly rise: Complex = { re: 0, im: 0 };

  constructor(
    readonly kappa: number,
    readonly iterations: number,
  ) {
    this.origin = iterations === Infinity ? 0 : -Math.log(iterations) / kappa;
    logGammaRise(1, 0, iterations, this.rise);
    this.atOne = this.rise.re;
    this.spacing = 1 / (12.5 + Math.max(0, Math.log(kappa / 500)));
  }

  /** The y whose saddle point is about z = 1 − root², and dy/d(root). */
  saddle(root: number): { y: number; slope: number } {
    const { kappa, iterations: s } = this;
    const w = root * root;
    const z = 1 - w;
    let first = 1 / w - Math.log(w + 0.5);
    let second = 1 / (w * w) + 1 / (w + 0.5);
    if (s !== Infinity) {
      first = 1 / w - 1 / (w + s) + Math.log1p(s / (w + 0.5));
      second += -1 / (w + s) ** 2 - 1 / (w + s + 0.5);
    }
    return { y: first / kappa - 1 / z, slope: -2 * root * (second / kappa + 1 / (z * z)) };
  }

  /** The law at `y`, the integral taken through z = 1 − root²: a root above 1 gives P(X ≤ x), one below it P(X > x). */
  at(root: number, y: number): LawPoint {
    const { kappa, iterations, rise, spacing } = this;
    const upper = root < 1;
    // The upper parabola must pass far enough from the later branch points, 2, 3, …: wider than the saddle point asks.
    const width = upper ? Math.sqrt(root) : root;
    // Nodes are as dense as the integrand's peak or its nearest singularity, the branch point 1 or the pole 0, asks.
    const peak = Math.sqrt(root / Math.abs(2 * width * width * this.saddle(root).slope));
    const scale = Math.min(peak, upper ? width - Math.sqrt(width * width - root * root) : root - 1);
    let tail = 0;
    let density = 0;
    let slope = 0;
    let largest = 0;
    for (let j = 0; ; j++) {
      const q = scale * Math.sinh(spacing * j);
      const weight = scale * Math.cosh(spacing * j) * (j === 0 ? 0.5 : 1);
      const wRe = root * root - q * q;
      const wIm = 2 * width * q;
      logGammaRise(wRe, wIm, iterations, rise);
      const modulus = Math.exp((this.atOne - rise.re) / kappa - (1 - wRe) * y) * weight;
      const angle = -rise.im / kappa + wIm * y;
      const cosine = modulus * Math.cos(angle);
      const sine = modulus * Math.sin(angle);
      const termRe = cosine * width - sine * q;
      const termIm = cosine * q + sine * width;
      const zRe = 1 - wRe;
      const zIm = -wIm;
      const zNorm = zRe * zRe + zIm * zIm;
      tail += (termRe * zRe + termIm * zIm) / zNorm;
      density += termRe;
      slope -= termRe * zRe - termIm * zIm;
      const size = modulus * Math.hypot(width, q);
      largest = Math.max(largest, size);
      if (size < NEGLIGIBLE * largest || j > 400) break;
    }
    const factor = (2 * spacing) / Math.PI;
    return { y, tail: (upper ? factor : -factor) * tail, upper, density: factor * density, slope: factor * slope };
  }
}
