import { average, mapTwin, rowsTwin, sizeOf, type Twin } from "./twins.js";

export const epsilon = 1e-5;

export const variance = (numbers: readonly number[]): number => {
  const mean = average(numbers);
  return average(numbers.map((number) => (number - mean) ** 2));
};

/** The numbers of each channel, axis 1. */
export function channelsOf({ shape, values }: Twin): number[][] {
  const inner = sizeOf(shape.slice(2));
  const found = Array.from({ length: shape[1]! }, (): number[] => []);
  values.forEach((value, i) => found[Math.floor(i / inner) % shape[1]!]!.push(value));
  return found;
}

export interface TwinStatistics {
  readonly means: readonly number[];
  readonly variances: readonly number[];
}

/** Batch normalisation in float64, with the statistics given, or else the batch's own. */
export function batchNormTwin(x: Twin, weight?: Twin, bias?: Twin, statistics?: TwinStatistics): Twin {
  const inner = sizeOf(x.shape.slice(2));
  const means = statistics?.means ?? channelsOf(x).map(average);
  const variances = statistics?.variances ?? channelsOf(x).map(variance);
  const values = x.values.map((value, i) => {
    const c = Math.floor(i / inner) % x.shape[1]!;
    const normalised = (value - means[c]!) / Math.sqrt(variances[c]! + epsilon);
    return normalised * (weight?.values[c] ?? 1) + (bias?.values[c] ?? 0);
  });
  return { shape: x.shape, values };
}

export function layerNormTwin(x: Twin, weight?: Twin, bias?: Twin): Twin {
  const normalised = rowsTwin(
    (row) => {
      const [mean, deviation] = [average(row), Math.sqrt(variance(row) + epsilon)];
      return row.map((value) => (value - mean) / deviation);
    },
    x,
    -1,
  );
  const scaled = weight ? mapTwin((y, w) => y * w, normalised, weight) : normalised;
  return bias ? mapTwin((y, b) => y + b, scaled, bias) : scaled;
}

export const tolerances = {
  tolerance: { relative: 1e-5, absolute: 1e-5 },
  gradientTolerance: { relative: 5e-4, absolute: 2e-4 },
};
