import * as library from "webgpu-imle";
import { choice, flag, isCount, isShape, isWhole, numbers, optional, options, type Slot, slot } from "../slots.js";
import { call, type Calls, calls, type Context } from "./context.js";

/** Noises, targets, estimators, distributions, and what these make. */
export function estimators({ engine, matrix, f32: weights, tensors, indices, solver, noInputs }: Context): Calls {
  const hasText = (value: unknown): boolean => typeof (value as library.Noise | null | undefined)?.wgsl === "string";
  const noise = slot(library.gumbel(), (value) => value === undefined || hasText(value), [library.gumbel, { wgsl: 1 }]);
  const needed = slot(library.gumbel(), hasText, [library.gumbel, { wgsl: 1 }]);
  const target = slot(library.pid(), (value) => value === undefined || hasText(value), [library.pid, { wgsl: 1 }]);
  // What is finite in float64 will do: kernels get it as f32.
  const isPositive = (value: number): boolean => Number.isFinite(value) && value > 0;
  const above0 = optional(numbers(1, isPositive));
  const from0 = optional(numbers(1, (value) => value === 0 || isPositive(value)));
  const any = optional(numbers(1, Number.isFinite));
  const share = optional(numbers(0.5, (value) => value >= 0 && value < 1));
  const whole = numbers(2, (value) => Number.isInteger(value) && value >= 0);
  const samples = optional(numbers(2, (value) => Number.isInteger(value) && value >= 1));
  const stream = optional(numbers(1, (value) => isCount(value) && value < 2 ** 16));
  const output = choice("mean", "samples");
  const perturbation = choice("additive", "multiplicative");
  const isKappa = (value: unknown): boolean => typeof value === "number" && value >= 1 && value <= 1e6;
  const isKappas = (value: unknown): boolean =>
    isKappa(value) || (Array.isArray(value) && value.length > 0 && value.length <= 64 && value.every(isKappa));
  const iterations = slot(10, (value) => {
    return value === undefined || value === Infinity || (isCount(value as number) && Number(value) <= 1000);
  });
  const isWord = (value: unknown): boolean => isWhole(value) && value < 2 ** 32;
  const word = slot(1, (value) => typeof value === "function" || isWord(value));
  const place = options({ seed: word, stream: word, call: word }, "seed", "stream", "call");
  const bits = (length: number): Slot =>
    slot(
      Array.from({ length }, () => 1),
      (value) => Array.isArray(value) && value.length === length && value.every(isWord),
    );
  const law = slot(undefined, (value) => value === undefined, [matrix]);
  const states = engine.ones([2, 2, 3]);
  const drawn = slot(states, (value) => value === states, [matrix]);
  const counts = tensors.of(indices, ["i32"]);
  const ownEngine = slot(engine, (value) => value === engine);
  const list = library.kSubsetStates(3, 1);
  const enough = numbers(9, (value) => isCount(value) && value >= 4 && value < 2 ** 32);
  const aim = slot(library.pid(), hasText, [library.pid, { wgsl: 1 }]);
  const isTriple = (value: unknown): boolean => Array.isArray(value) && value.length === 3 && value.every(isWhole);

  const perturbs = { noise, samples, temperature: from0, stream };
  const own = options({ call: optional(numbers(1, (value) => isWhole(value) && value < 2 ** 32)), temperature: from0, law });
  const layer = library.imle(solver.good as library.Solver, { noise: library.gumbel() });
  const loss = library.fenchelYoung(solver.good as library.Solver);
  engine.scope(() => [layer(matrix), loss(matrix, matrix)]); // whose noises make their tables at the first call
  const expected = library.scoreFunction(library.kSubsets(1));
  const lossOf = slot((z: library.Tensor) => z.sum(-1), (value) => typeof value === "function");
  const exact = library.enumerated(list);
  return {
    ...call(
      "sumOfGamma",
      options({ kappa: slot(2, isKappas), iterations, method: choice("table", "direct") }, "kappa"),
    ),
    ...call("pid", options({ alpha: any, lambda: from0, difference: choice("one-sided", "central") })),
    ...call(
      "adaptive",
      options({
        ...{ alpha: any, difference: choice("one-sided", "central"), beta: from0, norm: from0, step: from0 },
        ...{ momentum: share, decay: share, targetNorm: from0 },
      }),
    ),
    ...calls(["known", "givenNoise"], weights),
    ...call(
      "imle",
      solver,
      options({
        ...{ ...perturbs, output, perturbation, target, marginalSamples: samples, targetTemperature: from0 },
        ...{ divideByLambda: flag, checkFinite: flag },
      }),
    ),
    ...call("blackbox", solver, options({ lambda: above0, output })),
    ...call("straightThrough", solver, options({ ...perturbs, output })),
    ...call(
      "perturbedOptimiser",
      solver,
      options({ noise, samples, temperature: above0, stream, output, perturbation, controlVariate: flag }),
    ),
    ...call("fenchelYoung", solver, options({ ...perturbs, perturbation })),
    ...calls(["regularisedFenchelYoung", "regularisedFrankWolfe"], solver, options({ strength: above0, iterations: samples })),
    ...call(
      "coneAlignedCosine",
      solver,
      options({
        ...{ projection: choice("exact", "inner", "average"), iterations: samples },
        innerRatio: optional(numbers(0.5, (value) => value >= 0 && value <= 1)),
      }),
    ),
    ...call("kSubsetNormals", weights),
    ...calls(["noiseContrastive", "contrastiveMap", "pointwiseRank", "spoPlus"], solver),
    ...call("pairwiseRank", solver, options({ margin: above0 })),
    ...call("listwiseRank", solver, options({ softness: above0 })),
    ...call(
      "perturbationGradient",
      solver,
      options({ step: above0, difference: choice("backward", "central", "forward") }),
    ),
    ...call("identity", solver, options({ projection: choice("none", "mean", "norm", "both") })),
    ...call("structuredSvm", solver, options({ margin: from0 })),
    ...call("scoreFunction", solver, options({ noise, samples, temperature: above0, stream })),
    ...call("kSubsets", whole),
    ...call("simple", whole, options({ samples, output, stream })),
    ...call("softSubset", whole, options({ ...perturbs, softness: above0, hard: flag, output })),
    ...call("gumbelSoftmax", options({ ...perturbs, softness: above0, hard: flag, output })),
    ...call("kSubsetStates", numbers(3, (n) => isCount(n)), numbers(1, (k) => isWhole(k) && k <= 3)),
    ...call("gridPathStates", numbers(2, isCount), numbers(2, isCount), options({ neighbours: choice(4, 8) })),
    ...call("enumerated", slot(list, (value) => value === list), options({ sense: choice("max", "min") })),
    ...call(
      "perturbAndMap",
      solver,
      weights,
      options({
        ...{ noise, samples, temperature: from0, place, law, perturbation, checkFinite: flag },
        ...{ marginalSamples: samples, output: choice("mean", "samples", "counts", "sampleCounts") },
        ...{ sampleRange: options({ first: whole, of: enough }, "first", "of"), strategy: choice("lane", "workgroup") },
        ...{ target: options({ target: aim, gradient: weights }, "target", "gradient") },
        ...{ differenceFrom: options({ states: weights, scale: numbers(1, Number.isFinite) }, "states", "scale") },
      }),
    ),
    ...call("meanOfCounts", counts, numbers(2, (value) => isCount(value) && value < 2 ** 24)),
    ...call(
      "randomBits",
      ownEngine,
      slot([2, 3], isShape),
      options({ key: bits(2), counter: bits(4) }, "key", "counter"),
    ),
    ...call("drawNoise", ownEngine, needed, slot([2, 2, 3], isTriple), place, options({ law })),
    "a layer": { slots: [weights, noInputs, own], run: (theta, given, call) => layer(theta, given, call) },
    "a loss": { slots: [weights, weights, noInputs, own], run: (theta, y, given, call) => loss(theta, y, given, call) },
    "an expected loss": { slots: [weights, lossOf, noInputs], run: (theta, f, given) => expected(theta, f, given) },
    "a distribution's marginals": { slots: [weights], run: (theta) => exact.marginals(theta) },
    "a distribution's sample": {
      slots: [weights, options({ samples, place })],
      run: (theta, how) => exact.sample(theta, how),
    },
    "a distribution's score": { slots: [weights, drawn], run: (theta, z) => exact.score(theta, z) },
  };
}
