/** A complex number that a function writes its result to. */
export interface Complex {
  re: number;
  im: number;
}

/** Beyond this modulus five terms of Stirling's series give lnΓ to 2e-14. */
const STIRLING_FROM = 10;
/** Left of 0 Stirling's series needs this distance from the negative axis: e^{−2π·6} is below rounding. */
const STIRLING_APART = 6;

/**
 * `lnΓ(w + s) − lnΓ(w)`, and for infinite s `−lnΓ(w)`, on the branch that is real for w > 0 and continuous off the
 * negative axis. The two logarithms are subtracted term by term, so that nothing is lost where |w| exceeds s.
 *
 * @param re real part of w
 * @param im imaginary part of w, at least 0 (and w > 0 where it is 0)
 * @param s a whole number ≥ 1, or Infinity
 */
export function logGammaRise(re: number, im: number, s: number, result: Complex): void {
  const finite = s !== Infinity;
  // Γ(w + 1) = wΓ(w) carries w to where Stirling's series holds. Every factor turns the product by less than half a
  // turn, always the same way, so the passages through the negative axis count its whole turns. For finite s the
  // factors are those of both gamma functions, s·w/(w + s), which keep their product in range.
  let productRe = 1;
  let productIm = 0;
  let turns = 0;
  let factors = 0;
  while (re * re + im * im < STIRLING_FROM * STIRLING_FROM || (re < 0 && im < STIRLING_APART)) {
    let factorRe = re;
    let factorIm = im;
    if (finite) {
      const top = re + s;
      const perNorm = s / (top * top + im * im);
      factorRe = (re * top + im * im) * perNorm;
      factorIm = im * s * perNorm;
    }
    const nextRe = productRe * factorRe - productIm * factorIm;
    const nextIm = productRe * factorIm + productIm * factorRe;
    if (productIm > 0 && nextIm < 0) turns++;
    productRe = nextRe;
    productIm = nextIm;
    re++;
    factors++;
  }
  result.re = 0.5 * Math.log(productRe * productRe + productIm * productIm) - (finite ? factors * Math.log(s) : 0);
  result.im = Math.atan2(productIm, productRe) + 2 * Math.PI * turns;

  const lowNorm = re * re + im * im;
  addCorrection(re, im, -1, result);
  if (!finite) {
    // −lnΓ(w) = −(w − ½) ln w + w − ln √(2π)
    const logRe = 0.5 * Math.log(lowNorm);
    const logIm = Math.atan2(im, re);
    result.re += -(re - 0.5) * logRe + im * logIm + re - 0.5 * Math.log(2 * Math.PI);
    result.im += -(re - 0.5) * logIm - im * logRe + im;
    return;
  }
  // (w − ½) ln(1 + s/w) + s ln(w + s) − s
  const ratioRe = (s * re) / lowNorm;
  const ratioIm = (-s * im) / lowNorm;
  const growthRe = 0.5 * Math.log1p(2 * ratioRe + ratioRe * ratioRe + ratioIm * ratioIm);
  const growthIm = Math.atan2(ratioIm, 1 + ratioRe);
  const top = re + s;
  result.re += (re - 0.5) * growthRe - im * growthIm + s * (0.5 * Math.log(top * top + im * im) - 1);
  result.im += (re - 0.5) * growthIm + im * growthRe + s * Math.atan2(im, top);
  addCorrection(top, im, 1, result);
}

/** Adds sign·(1/(12w) − 1/(360w³) + 1/(1260w⁵) − 1/(1680w⁷) + 1/(1188w⁹)). */
function addCorrection(re: number, im: number, sign: number, result: Complex): void {
  const norm = re * re + im * im;
  const inverseRe = re / norm;
  const inverseIm = -im / norm;
  const squareRe = inverseRe * inverseRe - inverseIm * inverseIm;
  const squareIm = 2 * inverseRe * inverseIm;
  let sumRe = 1 / 1188;
  let sumIm = 0;
  for (const coefficient of [-1 / 1680, 1 / 1260, -1 / 360, 1 / 12]) {
    const nextRe = sumRe * squareRe - sumIm * squareIm + coefficient;
    sumIm = sumRe * squareIm + sumIm * squareRe;
    sumRe = nextRe;
  }
  result.re += sign * (sumRe * inverseRe - sumIm * inverseIm);
  result.im += sign * (sumRe * inverseIm + sumIm * inverseRe);
}
