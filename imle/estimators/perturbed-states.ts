import type { RandomPlace } from "../../engine/random.js";
import type { Tensor } from "../../engine/tensor.js";
import { type Solver, type SolverInputs, splitBatch } from "../../solvers/solver.js";
import { drawNoise } from "../noise/draw.js";
import { givenNoise } from "../noise/given/given.js";
import type { Noise } from "../noise/noise.js";
import { perturbAndMap, type PerturbOptions } from "../perturb-and-map.js";
import type { PerturbationOptions } from "./options.js";

/**
 * How weights are perturbed: θ + τ·ε (costs: c − τ·ε), or θ ⊙ exp(τ·ε − τ²/2), which keeps their signs and, where ε is
 * normal, their means.
 */
export type Perturbation = "additive" | "multiplicative";

/** Options of estimators that need the noise itself. */
export interface PerturbedOptions extends PerturbationOptions {
  /** By default `additive`. */
  readonly perturbation?: Perturbation;
}

/** All that decides the perturbed weights of a call. */
export interface PerturbedCall {
  readonly noise: Noise;
  readonly samples: number;
  readonly temperature: number;
  readonly perturbation: Perturbation;
  readonly place: RandomPlace;
  readonly inputs: SolverInputs;
}

/** ε of a call, drawn again: f32 [...batch, S, ...instance]. */
export function drawsOf(solver: Solver, theta: Tensor, { noise, samples, place }: PerturbedCall): Tensor {
  const { batchShape, instanceShape, instances, size } = splitBatch("draws", solver, theta.shape);
  const shape = [...batchShape, samples, ...instanceShape];
  if (noise.wgsl === "" && !noise.given) return theta.engine.zeros(shape);
  return noise.given ?? drawNoise(theta.engine, noise, [instances, samples, size], place).reshape(shape);
}

/** With the axis S, of length 1, before the instance's axes. */
export function withSampleAxis(solver: Solver, theta: Tensor): Tensor {
  const split = theta.shape.length - solver.instanceAxes;
  return theta.reshape([...theta.shape.slice(0, split), 1, ...theta.shape.slice(split)]);
}

/** exp(τ·ε − τ²/2), the factors of the multiplicative perturbation. */
export function factorsOf(draws: Tensor, temperature: number): Tensor {
  return draws.mul(temperature).sub(temperature ** 2 / 2).exp();
}

/** The states of every sample: f32 [...batch, S, ...state]. */
export function perturbedStates(solver: Solver, theta: Tensor, call: PerturbedCall): Tensor {
  const { noise, samples, temperature, perturbation, place, inputs } = call;
  const common: PerturbOptions = { samples, inputs, output: "samples" };
  if (perturbation === "additive") return perturbAndMap(solver, theta, { ...common, noise, temperature, place });
  return theta.engine.scope(() => {
    const changes = factorsOf(drawsOf(solver, theta, call), temperature).sub(1).mul(withSampleAxis(solver, theta));
    const noise = givenNoise(solver.sense === "max" ? changes : changes.neg());
    return perturbAndMap(solver, theta, { ...common, noise });
  });
}
