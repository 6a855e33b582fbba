/** Kernels that only benchmarks need: an adapter's ceilings. Each records one dispatch at a call. */

import type { Engine, Tensor } from "webgpu-imle";
import barrier from "./kernels/barrier.wgsl";
import copy from "./kernels/copy.wgsl";
import lanesText from "./kernels/lanes.wgsl";
import logarithm from "./kernels/logarithm.wgsl";
import multiplyAddText from "./kernels/multiply-add.wgsl";

/** A dispatch that can be recorded any number of times. */
export interface Repeatable {
  readonly result: Tensor;
  record(): void;
}

const lanesOfWorkgroup = 64;

type Dispatch = Parameters<Engine["dispatch"]>[0];

interface LaneWork {
  /** With `work` and Uniforms among them: see kernels/lanes.wgsl. */
  readonly pieces: readonly { readonly name: string; readonly text: string }[];
  /** Save the number of lanes. */
  readonly uniforms: Dispatch["uniforms"];
  /** Buffers beside the result. */
  readonly buffers?: Dispatch["buffers"];
}

/** A dispatch in which every lane works out a vec4f by itself. */
export function ofLanes(engine: Engine, name: string, lanes: number, work: LaneWork): Repeatable {
  const { pieces, uniforms, buffers = {} } = work;
  const result = engine.zeros([lanes, 4]);
  const kernel = engine.kernel(`bench ${name}`, () => [...pieces, { name: "bench/kernels/lanes.wgsl", text: lanesText }]);
  return {
    result,
    record: () =>
      engine.dispatch({
        kernel,
        buffers: { result: result.slice("bench"), ...buffers },
        uniforms: { ...uniforms, lanes },
        workgroups: Math.ceil(lanes / lanesOfWorkgroup),
      }),
  };
}

const multiplyAddsOfRound = 64;
const factor = 0.5;
const term = 1;

/** Operations of {@link multiplyAdd}: a multiply-add is two. */
export const multiplyAddOperations = (lanes: number, rounds: number): number =>
  2 * 4 * multiplyAddsOfRound * rounds * lanes;

/** What each lane of {@link multiplyAdd} ends with: every chain goes to the fixpoint of x/2 + 1. */
export const multiplyAddResult = term / (1 - factor);

/**
 * Chains of fused multiply-adds that do not wait for one another.
 *
 * @param chains a divisor of 64: enough to hide how long one takes, and no more than there are registers
 */
export function multiplyAdd(engine: Engine, lanes: number, rounds: number, chains: 8 | 16): Repeatable {
  return ofLanes(engine, `multiply-add:${rounds}:${chains}`, lanes, {
    pieces: [
      { name: "rounds", text: `const ROUNDS = ${rounds}u;` },
      { name: "chains", text: chainsText(chains) },
      { name: "bench/kernels/multiply-add.wgsl", text: multiplyAddText },
    ],
    uniforms: { factor: Array<number>(4).fill(factor), term: Array<number>(4).fill(term) },
  });
}

/** A round is unrolled: on SwiftShader a turn of a loop costs as much as several multiply-adds. */
function chainsText(chains: number): string {
  const names = Array.from({ length: chains }, (_, i) => `x${i}`);
  const step = names.map((name) => `    ${name} = fma(${name}, factor, term);`);
  return [
    "fn run_chains(start: vec4f, factor: vec4f, term: vec4f) -> vec4f {",
    ...names.map((name, i) => `  var ${name} = start + ${i}.0;`),
    "  for (var round = 0u; round < ROUNDS; round++) {",
    ...Array.from({ length: multiplyAddsOfRound / chains }, () => step).flat(),
    "  }",
    `  return (${names.join(" + ")}) / ${chains}.0;`,
    "}",
  ].join("\n");
}

/**
 * Copies a tensor of whole blocks.
 *
 * @param block vectors of four, side by side, that a lane copies
 */
export function copyTensor(engine: Engine, source: Tensor, block: number): Repeatable {
  const result = engine.zeros(source.shape);
  const count = source.size / (4 * block);
  const lines = Array.from({ length: block }, (_, i) => `  result[i][${i}] = source[i][${i}];`);
  const kernel = engine.kernel(`bench copy:${block}`, () => [
    { name: "block", text: [`const BLOCK = ${block}u;`, "fn copy_block(i: u32) {", ...lines, "}"].join("\n") },
    { name: "bench/kernels/copy.wgsl", text: copy },
  ]);
  return {
    result,
    record: () =>
      engine.dispatch({
        kernel,
        buffers: { source: source.slice("bench"), result: result.slice("bench") },
        uniforms: { count },
        workgroups: Math.ceil(count / lanesOfWorkgroup),
      }),
  };
}

const logarithmTerm = 3;

/** Logarithms of {@link logarithms}. */
export const logarithmCount = (lanes: number, rounds: number): number => 4 * 4 * rounds * lanes;

/** What each lane of {@link logarithms} ends with: four chains at the fixpoint of log x + 3. */
export const logarithmResult = 4 * 4.505241495792883;

export function logarithms(engine: Engine, lanes: number, rounds: number): Repeatable {
  return ofLanes(engine, `logarithm:${rounds}`, lanes, {
    pieces: [
      { name: "rounds", text: `const ROUNDS = ${rounds}u;` },
      { name: "bench/kernels/logarithm.wgsl", text: logarithm },
    ],
    uniforms: { term: Array<number>(4).fill(logarithmTerm) },
  });
}

/** After `rounds` barriers, lane l of each workgroup holds (l + rounds) mod 64. */
export function barriers(engine: Engine, workgroups: number, rounds: number): Repeatable {
  const result = engine.zeros([workgroups, lanesOfWorkgroup], { dtype: "u32" });
  const kernel = engine.kernel("bench barrier", () => [{ name: "bench/kernels/barrier.wgsl", text: barrier }]);
  return {
    result,
    record: () =>
      engine.dispatch({ kernel, buffers: { result: result.slice("bench") }, uniforms: { rounds }, workgroups }),
  };
}
