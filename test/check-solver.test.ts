import { defineSolver, drawNoise, gumbel, ImleError, perturbAndMap, type SolverDefinition, topK } from "webgpu-imle";
import { bruteForce, checkSolver, type CheckOptions, replaySample, topKCpu, traceSolve } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bestWindow, bestWindowCpu } from "./solvers/best-window.js";
import { ranking, rankingCpu } from "./solvers/ranking.js";
import { testEngine } from "./support/engine.js";
import { rejected } from "./support/errors.js";

const engine = await testEngine();
const test = suite("checkSolver");

const firstOfLargest = `
fn solve() {
  var best = weight(0u);
  var best_index = 0u;
  for (var i = 1u; i < size(); i++) {
    let here = weight(i);
    if (here > best) { best = here; best_index = i; }
  }
  emit(best_index, 1);
}`;
const byWorkgroup = firstOfLargest
  .replace("fn solve() {", "fn solve(lane: u32) {")
  .replace("emit(", "if (lane == 0u) { emit(")
  .replace("1);\n}", "1); }\n}");
const definition: SolverDefinition = {
  name: "largest",
  sense: "max",
  check: ([n]) => {
    if (n === 0) throw new ImleError("shape", "largest: there must be a weight, got none", "Pass one.");
  },
  strategies: { lane: [{ wgsl: firstOfLargest }], workgroup: [{ wgsl: byWorkgroup }] },
};
const oracle: CheckOptions["oracle"] = ({ weights }) => topKCpu(weights, 1);
const common = { engine, oracle, instances: 48 } as const;

test("a right solver passes every check, with a report of what was asked", async () => {
  const report = await checkSolver(defineSolver(definition), { ...common, instances: 96 });
  assert.equal(report.strategies, ["lane", "workgroup"]);
  const names = ["oracle", "feasible", "determinism", "batch independence", "strategies agree", "noise fusion", "counts"];
  assert.equal(Object.keys(report.checks), names);
  assert.ok(Object.values(report.checks).every((count) => count === 2 * 96));
});

test("solvers of costs, of several passes, and those of the library pass", async () => {
  await checkSolver(topK(1), common);
  await checkSolver(ranking(), { ...common, oracle: ({ weights }) => rankingCpu(weights), instances: 48 });
  const costs = { ...common, oracle: ({ weights }: { weights: Float32Array }) => bestWindowCpu(weights, 2, "min") };
  await checkSolver(bestWindow(2, "min"), { ...costs, shapes: [[2], [5], [16], [33]] });
});

test("an oracle that tries every state is compared by objective", async () => {
  const oneHot = ({ weights }: { weights: Float32Array }): number[][] =>
    Array.from(weights, (_, i) => Array.from(weights, (__, j) => Number(i === j)));
  const solver = defineSolver(definition);
  const report = await checkSolver(solver, { ...common, oracle: bruteForce(solver, oneHot), compare: "objective" });
  assert.is(report.solver, "largest");
});

interface Broken {
  readonly definition: Partial<SolverDefinition>;
  readonly options?: Partial<CheckOptions>;
  readonly found: RegExp;
}

/** Solvers that are wrong in one way each, and what must be found. */
const broken: Readonly<Record<string, Broken>> = {
  "ties that go to the last": {
    definition: { strategies: { lane: [{ wgsl: firstOfLargest.replace("here > best", "here >= best") }] } },
    found: /\(lane\), oracle: [^]*weights {2}\[0, 0\], shape \[2\]\n {2}expected \[1, 0\]\n {2}got {6}\[0, 1\]/,
  },
  "an answer that is worse": {
    definition: { strategies: { lane: [{ wgsl: firstOfLargest.replace("i < size()", "i + 1u < size()") }] } },
    options: { compare: "objective" },
    found: /oracle: [^]*weights {2}\[(0, 1|-1, 0)\], shape \[2\]\n {2}expected (1|0|-0) of \[0, 1\]\n {2}got {6}(0|-1) of \[1, 0\]/,
  },
  "a state that may not be": {
    definition: {},
    options: { feasible: (state) => state.length < 2 || state[1] === 0 },
    found: /feasible: [^]*shape \[2\]/,
  },
  "a state larger than was declared": {
    definition: { strategies: { lane: [{ wgsl: "fn solve() { emit(0u, 2); }" }] } },
    options: { oracle: ({ weights }) => weights.map((_, i) => (i === 0 ? 2 : 0)) },
    found: /feasible: [^]*expected \|v\| ≤ 1\n {2}got {6}\[2\]/,
  },
  "reading the workspace before writing it": {
    definition: {
      workspace: ([n]) => n!,
      strategies: {
        lane: [{ wgsl: "fn solve() { let x = work_load(0u); work_store(0u, x + 1u); emit(0u, i32(x & 1u)); }" }],
      },
    },
    options: { oracle: ({ weights }) => weights.map(() => 0), feasible: () => true, compare: "objective", tolerance: 1e9 },
    found: /determinism|batch independence|noise fusion|counts/, // by what was there before
  },
  "reading an input of the next instance": {
    definition: {
      inputs: { pick: { dtype: "u32", shape: () => [1] } },
      strategies: { lane: [{ wgsl: "fn solve() { emit(input_pick(1u) % size(), 1); }" }] },
    },
    options: { inputs: (random) => ({ pick: [Math.floor(1000 * random())] }), compare: "objective", tolerance: 1e9 },
    found: /batch independence: [^]*inputs {3}\{ pick: \[\d+\] \}/,
  },
  "strategies that disagree": {
    definition: {
      strategies: {
        lane: [{ wgsl: firstOfLargest }],
        workgroup: [{ wgsl: byWorkgroup.replace("here > best", "here >= best") }],
      },
    },
    options: { compare: "objective" },
    found: /\(lane\), strategies agree: [^]*weights {2}\[0, 0\]/,
  },
  "weights that are read around the noise": {
    definition: { strategies: { lane: [{ wgsl: firstOfLargest.replaceAll(/weight\((\w+)\)/g, "theta4($1 >> 2u)[$1 & 3u]") }] } },
    found: /noise fusion: [^]*shape \[2\]\n[^]*noise {4}gumbel\(\), temperature 0.5, place \{ seed: 1, .*, instance 0, sample [012]/,
  },
  "emitting an element twice": {
    definition: { strategies: { lane: [{ wgsl: firstOfLargest.replace("emit(best_index, 1);", "emit(best_index, 1); emit(best_index, 1);") }] } },
    found: /counts: [^]*shape \[1\]\n {2}expected \[3\]\n {2}got {6}\[6\]/,
  },
};

for (const [name, { definition: change, options = {}, found }] of Object.entries(broken)) {
  test(`finds ${name}, and prints the smallest instance`, async () => {
    const solver = defineSolver({ ...definition, ...change });
    await rejected(checkSolver(solver, { ...common, ...options }), "value", found);
  });
}

test("a trace shows what solve saw, by both strategies, and is nothing elsewhere", async () => {
  const wgsl = "fn solve() { for (var i = 0u; i < size(); i++) { trace(i, 2.0 * weight(i)); } emit(0u, 1); }";
  const workgroup = "fn solve(lane: u32) { if (lane < size()) { trace(lane, 2.0 * weight(lane)); } if (lane == 0u) { emit(0u, 1); } }";
  const traced = defineSolver({ ...definition, strategies: { lane: [{ wgsl }], workgroup: [{ wgsl: workgroup }] } });
  const weights = engine.tensor([[1, 2, 3], [4, 5, 6]]);
  for (const strategy of ["lane", "workgroup"] as const) {
    const { states, trace } = traceSolve(traced, weights, { strategy, words: 4 });
    assert.equal([...(await states.read())], [1, 0, 0, 1, 0, 0]);
    assert.equal([trace.shape, ...(await trace.read())], [[2, 4], 2, 4, 6, 0, 8, 10, 12, 0]);
  }
  const { trace } = traceSolve(traced, weights, { words: 2 });
  assert.equal([...(await trace.read())], [2, 4, 8, 10]);
});

test("a sample of a perturbed solve is replayed alone", async () => {
  const [instances, samples, n] = [5, 4, 7] as const;
  const [noise, place] = [gumbel(), { seed: 3, stream: 2, call: 9 }];
  const weights = engine.normal([instances, n]);
  for (const sense of ["max", "min"] as const) {
    const solver = bestWindow(2, sense);
    const all = await perturbAndMap(solver, weights, { noise, place, samples, temperature: 0.5, output: "samples" }).read();
    const theta = await weights.read();
    const drawn = await drawNoise(engine, noise, [instances, samples, n], place).read();
    for (const [instance, sample] of [[0, 0], [2, 3], [4, 1]] as const) {
      const replayed = replaySample(solver, weights, { noise, place, instance, sample, temperature: 0.5 });
      const first = (instance * samples + sample) * n;
      assert.equal(await replayed.states.read(), all.slice(first, first + n));
      const scale = sense === "max" ? 0.5 : -0.5;
      const expected = Float32Array.from({ length: n }, (_, i) => theta[instance * n + i]! + scale * drawn[first + i]!);
      assert.equal(await replayed.weights.read(), expected);
    }
  }
});

test("options that cannot be are refused", async () => {
  const solver = defineSolver(definition);
  await rejected(checkSolver(solver, { engine } as never), "value", /oracle must be a function/);
  await rejected(checkSolver(solver, { ...common, count: 3 } as never), "value", /options must be among/);
  await rejected(checkSolver(solver, { ...common, shapes: [[0]] }), "shape", /shapes must have one that largest takes/);
  await rejected(checkSolver(solver, { ...common, compare: "bits" as never }), "value", /compare must be state or objective/);
  assert.throws(() => traceSolve(solver, engine.ones([1, 2]), { words: 0 }), /words must be/);
});

test.run();
