import {
  defineSolver,
  drawNoise,
  givenNoise,
  gumbel,
  imle,
  ImleError,
  normal,
  perturbAndMap,
  solve,
  solveOutputs,
  type Solver,
  spoPlus,
  straightThrough,
  type Strategy,
  sumOfGamma,
  topK,
} from "webgpu-imle";
import { topKCpu } from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { bestWindow, bestWindowCpu } from "./solvers/best-window.js";
import { ranking, rankingCpu } from "./solvers/ranking.js";
import { testEngine } from "./support/engine.js";
import { randomNumbers, randomSource } from "./support/random.js";

const engine = await testEngine();
const test = suite("solver contract");

interface Case {
  readonly solver: Solver;
  readonly twin: (weights: Float32Array) => Int32Array;
  readonly strategies: readonly Strategy[];
}

const cases: Readonly<Record<string, Case>> = {
  "top-k": { solver: topK(3), twin: (weights) => topKCpu(weights, 3), strategies: ["lane", "workgroup"] },
  "a solver of several passes": { solver: ranking(), twin: rankingCpu, strategies: ["lane", "workgroup"] },
  "an outside author's solver": {
    solver: bestWindow(3),
    twin: (weights) => bestWindowCpu(weights, 3),
    strategies: ["lane"],
  },
  "an outside author's solver of costs": {
    solver: bestWindow(3, "min"),
    twin: (weights) => bestWindowCpu(weights, 3, "min"),
    strategies: ["lane"],
  },
};

/** States of every (instance, sample) by the twin, on weights θ ± τ·ε rounded as the device rounds them. */
function perturbedTwin(
  { solver, twin }: Case,
  theta: Float32Array,
  noise: Float32Array,
  [instances, samples, n]: readonly [number, number, number],
  temperature: number,
): Int32Array[] {
  const scale = Math.fround(solver.sense === "max" ? temperature : -temperature);
  const states: Int32Array[] = [];
  for (let row = 0; row < instances * samples; row++) {
    const first = Math.floor(row / samples) * n;
    const weights = Float32Array.from({ length: n }, (_, i) => {
      return Math.fround(theta[first + i]! + Math.fround(scale * noise[row * n + i]!));
    });
    states.push(twin(weights));
  }
  return states;
}

for (const [name, subject] of Object.entries(cases)) {
  for (const strategy of subject.strategies) {
    test(`${name} (${strategy}) solves every instance of a batch as its twin does`, async () => {
          const random = randomSource(11);
      for (const [instances, n] of [[1, 3], [7, 9], [33, 20], [5, 64]] as const) {
        const theta = randomNumbers(random, instances * n);
        const z = solve(subject.solver, engine.tensor(theta, [instances, n]), undefined, { strategy });
        const states = await z.read();
        for (let row = 0; row < instances; row++) {
          const own = subject.twin(theta.subarray(row * n, (row + 1) * n));
          assert.equal(states.slice(row * n, (row + 1) * n), Float32Array.from(own), `[${instances}, ${n}] row ${row}`);
        }
        z.dispose();
      }
    });

    test(`${name} (${strategy}) under noise solves what it would solve if the noise had been added before`, async () => {
          const random = randomSource(12);
      const [instances, samples, n] = [6, 5, 11] as const;
      const theta = randomNumbers(random, instances * n);
      const noise = randomNumbers(random, instances * samples * n);
      const temperature = 0.75;
      const weights = engine.tensor(theta, [instances, n]);
      const given = givenNoise(engine.tensor(noise, [instances, samples, n]));
      const common = { noise: given, samples, temperature, strategy };
      const expected = perturbedTwin(subject, theta, noise, [instances, samples, n], temperature);
      const states = perturbAndMap(subject.solver, weights, { ...common, output: "samples" });
      assert.equal(states.shape, [instances, samples, n]);
      assert.equal(await states.read(), Float32Array.from(expected.flatMap((state) => [...state])));
      const counts = perturbAndMap(subject.solver, weights, { ...common, output: "counts" });
      const sums = new Int32Array(instances * n);
      expected.forEach((state, row) => {
        state.forEach((value, i) => (sums[Math.floor(row / samples) * n + i]! += value));
      });
      assert.equal(await counts.read<"i32">(), sums);
      const mean = perturbAndMap(subject.solver, weights, common);
      assert.equal(await mean.read(), Float32Array.from(sums, (sum) => Math.fround(sum / samples)));
    });
  }
}

test("noise made where it is used gives the same states as the same noise drawn first", async () => {
  const random = randomSource(13);
  const [instances, samples, n] = [40, 6, 13] as const;
  const weights = engine.tensor(randomNumbers(random, instances * n), [instances, n]);
  const place = { seed: 9, stream: 4, call: 2 };
  for (const noise of [sumOfGamma({ kappa: 3 }), sumOfGamma({ kappa: 3, iterations: 10, method: "direct" }), gumbel(), normal()]) {
    const drawn = drawNoise(engine, noise, [instances, samples, n], place);
    for (const solver of [topK(4), bestWindow(4, "min")]) {
      const fused = perturbAndMap(solver, weights, { noise, samples, place, temperature: 0.5, output: "samples" });
      const apart = { noise: givenNoise(drawn), samples, temperature: 0.5, output: "samples" } as const;
      assert.equal(await fused.read(), await perturbAndMap(solver, weights, apart).read(), `${noise.name}, ${solver.name}`);
    }
  }
});

test("slots of the workspace are reused when there are more jobs than the workspace holds", async () => {
  const wide = defineSolver({
    name: "wide",
    sense: "max",
    workspace: () => 1 << 20,
    strategies: {
      lane: [{ wgsl: "fn solve() { work_store(0u, u32(weight(1u))); emit(0u, i32(work_load(0u))); }" }],
    },
  });
  const instances = 50;
  const theta = Float32Array.from({ length: 2 * instances }, (_, i) => i);
  const expected = Float32Array.from({ length: 2 * instances }, (_, i) => (i % 2 === 0 ? i + 1 : 0));
  const before = engine.memory();
  const z = solve({ ...wide, maximumState: () => 2 * instances }, engine.tensor(theta, [instances, 2]));
  assert.equal(await z.read(), expected);
  assert.ok(engine.memory().peakBytes - before.liveBytes - before.pooledBytes < 80 << 20, "the workspace stays small");
});

test("batches beyond 65,535 workgroups are solved to the last instance, by both strategies", async () => {
  const copy = defineSolver({
    name: "copy",
    sense: "max",
    maximumState: () => 1000,
    strategies: {
      lane: [{ wgsl: "fn solve() { emit(0u, i32(weight(0u))); }" }],
      workgroup: [{ wgsl: "fn solve(lane: u32) { emit(0u, i32(weight(0u))); }", workgroupSize: 1 }],
    },
  });
  for (const [strategy, instances] of [["workgroup", 70_001], ["lane", 65_536 * 64 + 1]] as const) {
    const theta = Float32Array.from({ length: instances }, (_, i) => i % 1000);
    const states = await engine.scope(() => solve(copy, engine.tensor(theta, [instances, 1]), undefined, { strategy }).keep()).read();
    assert.ok(states.every((state, i) => state === i % 1000), strategy);
  }
});

test("inputs reach the solver, packed or alone, and optional ones may be left out", async () => {
  const chooser = defineSolver({
    name: "chooser",
    sense: "max",
    inputs: {
      pick: { dtype: "i32", shape: () => [2] },
      boost: { dtype: "f32", shape: ([n]) => [n!], optional: true },
    },
    maximumState: () => 100,
    strategies: {
      lane: [
        {
          wgsl: `fn solve() {
  let i = u32(input_pick(1u));
  emit(i, select(1, i32(input_boost(i)), has_boost()));
}`,
        },
      ],
    },
  });
  const theta = engine.zeros([3, 4]);
  const pick = engine.tensor([[9, 0], [9, 3], [9, 2]], { dtype: "i32" });
  const boost = engine.tensor(Float32Array.from({ length: 12 }, (_, i) => 10 + i), [3, 4]);
  assert.equal([...(await solve(chooser, theta, { pick }).read())], [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0]);
  assert.equal([...(await solve(chooser, theta, { pick, boost }).read())], [10, 0, 0, 0, 0, 0, 0, 17, 0, 0, 20, 0]);
  const refusals: [() => unknown, string][] = [
    [() => solve(chooser, theta), "value"],
    [() => solve(chooser, theta, { pick, other: pick }), "value"],
    [() => solve(chooser, theta, { pick: boost }), "dtype"],
    [() => solve(chooser, theta, { pick: engine.zeros([3, 3], { dtype: "i32" }) }), "shape"],
    [() => solve(chooser, theta, { pick, boost: null as never }), "value"],
  ];
  for (const [call, code] of refusals) {
    assert.throws(call, (error: unknown) => error instanceof ImleError && error.code === code);
  }
});

test("what is no object of inputs is refused, and not taken for none", () => {
  const theta = engine.ones([2, 4]);
  const solver = topK(2);
  const layer = imle(solver);
  for (const wrong of [null, 7, true, "none", [], theta] as never[]) {
    const calls: (() => unknown)[] = [
      () => solve(solver, theta, wrong),
      () => solveOutputs(solver, theta, ["values"], wrong),
      () => perturbAndMap(solver, theta, { inputs: wrong }),
      () => layer(theta, wrong),
      () => imle(solver).eval()(theta, wrong),
      () => straightThrough(solver)(theta, wrong),
      () => spoPlus(solver)(theta, theta, wrong),
      () => solve(solver, theta, {}, wrong),
    ];
    for (const call of calls) {
      assert.throws(call, (error: unknown) => error instanceof ImleError && error.code === "value", `${call} of ${wrong}`);
    }
  }
});

test("further outputs come with the state where they are asked for, and cost no binding where they are not", async () => {
  const measured = defineSolver({
    name: "measured",
    sense: "max",
    outputs: {
      total: { dtype: "f32", shape: () => [] },
      order: { dtype: "i32", shape: ([n]) => [n!, 2] },
      missing: { dtype: "u32", shape: () => [3] },
    },
    strategies: {
      lane: [
        {
          wgsl: `fn solve() {
  var sum = 0.0;
  for (var i = 0u; i < size(); i++) {
    sum += weight(i);
    emit_order(2u * i, -i32(i));
    emit_order(2u * i + 1u, select(0, 7, wants_total()));
  }
  emit_order(2u * size(), 99); // beyond the instance: dropped
  emit_total(0u, sum);
  emit(0u, 1);
}`,
        },
      ],
    },
  });
  const theta = engine.tensor([[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[0, 1], [0, 0]]]);
  const names = ["total", "order", "missing"] as const;
  const { state, total, order, missing } = solveOutputs(measured, theta, names);
  assert.equal([state.shape, total.shape, order.shape], [[3, 2, 2], [3, 2], [3, 2, 2, 2]]);
  assert.equal([total.dtype, order.dtype, missing.dtype], ["f32", "i32", "u32"]);
  assert.equal([...(await total.read())], [3, 7, 11, 15, 1, 0]);
  const rows = [...(await order.read<"i32">())];
  assert.equal(rows, Array.from({ length: 6 }, () => [0, 7, -1, 7]).flat());
  assert.ok((await missing.read<"u32">()).every((value) => value === 0), "what is not emitted is 0");
  assert.equal(await state.read(), await solve(measured, theta).read());
  const alone = await solveOutputs(measured, theta, ["order"]).order.read<"i32">();
  assert.equal([...alone], rows.map((value) => (value === 7 ? 0 : value)), "nobody wants the total");
  assert.equal(solveOutputs(measured, engine.zeros([0, 4]), ["total"]).total.shape, [0]);
  assert.throws(() => solveOutputs(measured, theta, ["totals"]), /must be among \[total, order, missing\], got .totals./);
  const many = Object.fromEntries([..."abcdefgh"].map((name) => [name, { dtype: "f32", shape: () => [] }] as const));
  const wide = defineSolver({ name: "wide", sense: "max", outputs: many, strategies: { lane: [{ wgsl: "fn solve() {}" }] } });
  assert.throws(() => solveOutputs(wide, theta, Object.keys(many)), /at most 6 outputs of wide fit/);
});

test("passes may depend on the shape, are told their repetition, and share one slot between the parts of an instance", async () => {
  // Each repetition adds its number to every word; the last pass emits them.
  const counting = defineSolver({
    name: "counting",
    sense: "max",
    workspace: ([n]) => n!,
    maximumState: () => 100,
    strategies: {
      lane: ([n]) => [
        { wgsl: "fn solve(part: u32) { work_store(part, u32(weight(part))); }", parts: () => n! },
        {
          wgsl: "fn solve(part: u32) { work_store(part, work_load(part) + repetition()); }",
          parts: () => n!,
          repeat: () => (n! > 3 ? 4 : 1),
        },
        { wgsl: "fn solve() { for (var i = 0u; i < size(); i++) { emit(i, i32(work_load(i))); } }" },
      ],
    },
  });
  for (const [n, added] of [[3, 0], [5, 6]] as const) {
    const theta = Float32Array.from({ length: 20 * n }, (_, i) => i % 50);
    assert.equal(await solve(counting, engine.tensor(theta, [20, n])).read(), theta.map((value) => value + added));
  }
});

test("what a solver reports rejects the next read, names the instance, and is then cleared", async () => {
  const reporter = defineSolver({
    name: "reporter",
    sense: "max",
    strategies: { lane: [{ wgsl: "fn solve() { if (weight(0u) < 0.0) { report(7u); } emit(0u, 1); }" }] },
    reports: { 7: { must: "the first weight must not be negative", fix: "Clamp it." } },
  });
  const z = solve(reporter, engine.tensor([[1], [1], [-1], [-1]]));
  try {
    await z.read();
    assert.unreachable("the read must reject");
  } catch (error) {
    assert.instance(error, ImleError);
    assert.is((error as ImleError).fix, "Clamp it.");
    assert.match((error as ImleError).message, /reporter: the first weight must not be negative, got .* instance 2/);
  }
  assert.equal([...(await z.read())], [1, 1, 1, 1]);
});

test("an author's text brings in shared pieces, sums and maxima over the lanes of a workgroup among them", async () => {
  const aboveMean = defineSolver({
    name: "aboveMean",
    sense: "max",
    strategies: {
      workgroup: [
        {
          wgsl: `
alias V = f32;
const LANES = WORKGROUP_SIZE;
#import folds
fn solve(lane: u32) {
  var own = 0.0;
  for (var i = lane; i < size(); i += LANES) { own += weight(i); }
  let mean = sum_over_lanes(lane, own) / f32(size());
  for (var i = lane; i < size(); i += LANES) { emit(i, select(0, 1, weight(i) > mean)); }
}`,
        },
      ],
    },
  });
  const rows = [
    [1, 2, 3, 10],
    [5, 5, 5, 4],
  ];
  const z = await solve(aboveMean, engine.tensor(rows)).read();
  assert.equal([...z], [0, 0, 0, 1, 1, 1, 1, 0]);
});

test("WGSL that does not compile is reported with the author's own line", async () => {
  const broken = defineSolver({
    name: "broken",
    sense: "max",
    strategies: { lane: [{ wgsl: "fn solve() {\n  let fine = 1;\n  emit(0u, nowhere);\n}" }] },
  });
  const isOwnLine = (error: unknown): boolean =>
    error instanceof ImleError && error.code === "wgsl" && /broken \(lane\):3: /.test(error.message) && /emit\(0u, nowhere\)/.test(error.message);
  for (const attempt of [
    () => engine.prepare(broken, [[1, 2]]),
    () => solve(broken, engine.zeros([1, 2])).read(),
  ]) {
    try {
      await attempt();
      assert.unreachable("it must reject");
    } catch (error) {
      assert.ok(isOwnLine(error), String(error));
    }
  }
  assert.equal([...(await engine.ones([2]).read())], [1, 1], "the engine goes on");
});

test("solvers of one name and one text, of which one reports, are kernels of their own", async () => {
  const wgsl = "fn solve() { emit(0u, 1); }";
  const plain = { name: "twins", sense: "max", strategies: { lane: [{ wgsl }] } } as const;
  const weights = engine.zeros([1, 1]);
  assert.equal([...(await solve(defineSolver(plain), weights).read())], [1]);
  const reporting = wgsl.replace("{ emit", "{ if (size() == 0u) { report(1u); } emit");
  const other = defineSolver({ ...plain, strategies: { lane: [{ wgsl: reporting }] }, reports: { 1: { must: "x", fix: "y" } } });
  assert.equal([...(await solve(other, weights).read())], [1]);
  assert.equal([...(await solve(defineSolver({ ...plain, reports: { 1: { must: "x", fix: "y" } } }), weights).read())], [1]);
});

test("a refused call leaves memory and the recording as they were", () => {
  const weights = engine.zeros([2, 5000]);
  const [memory, stats] = [engine.memory(), engine.stats()];
  const [laneText, workgroupText] = ["fn solve() {}", "fn solve(lane: u32) {}"].map((wgsl) => [{ wgsl }]);
  const narrow = defineSolver({
    name: "narrow",
    sense: "max",
    strategies: { lane: laneText!, workgroup: workgroupText! },
    fits: (strategy, [n]) => strategy === "lane" || n! <= 4000,
  });
  assert.throws(() => solve(narrow, weights, undefined, { strategy: "workgroup" }), /must fit workgroup/);
  assert.throws(() => solve(topK(5001), weights), /k must be in the range/);
  assert.throws(() => perturbAndMap(topK(3), weights, { samples: 2 ** 24 }), /below 2²⁴/);
  assert.equal([engine.memory(), engine.stats()], [memory, stats]);
});

test("a definition that contradicts itself is refused", () => {
  const fine = { name: "x", sense: "max", strategies: { lane: [{ wgsl: "fn solve() {}" }] } } as const;
  const wrong: unknown[] = [
    { ...fine, name: "" },
    { ...fine, sense: "best" },
    { ...fine, strategies: {} },
    { ...fine, strategies: { lane: [] } },
    { ...fine, strategies: { workgroup: [{ wgsl: "fn solve(lane: u32) {}", workgroupSize: 512 }] } },
    { ...fine, parameters: { "not a name": { type: "u32", value: 1 } } },
    { ...fine, parameters: { k: { type: "u32", value: -1 } } },
    { ...fine, input: {} },
    { ...fine, inputs: { start: "f32" } },
    { ...fine, outputs: { total: "f32" } },
    { ...fine, outputs: { state: { dtype: "f32", shape: () => [] } } },
    { ...fine, outputs: { Total: { dtype: "f32", shape: () => [] } } },
    { ...fine, workspace: 9 },
    { ...fine, workspace: undefined },
    { ...fine, strategies: { lane: { wgsl: "fn solve() {}" } } },
  ];
  for (const definition of wrong) {
    assert.throws(
      () => defineSolver(definition as never),
      (error: unknown) => error instanceof ImleError && error.code === "value",
    );
  }
});

test("what a sparse lane does not emit is 0, in states, outputs and means, few or many, in memory that was used before", async () => {
  const sparse = defineSolver({
    name: "sparse",
    sense: "max",
    outputs: { found: { dtype: "i32", shape: ([n]) => [n!] } },
    strategies: { lane: [{ wgsl: "fn solve() { emit(1u, 1); emit_found(2u, 7); }" }] },
  });
  for (const n of [3, 6, 8, 33]) {
    for (const rows of [3, Math.ceil(40_000 / n)]) {
      const wanted = (place: number, value: number): number[] =>
        Array.from({ length: rows * n }, (_, i) => (i % n === place ? value : 0));
      const scope = engine.openScope();
      const theta = engine.zeros([rows, n]);
      for (let used = 0; used < 4; used++) engine.scope(() => engine.full([rows, n], 5));
      const { state, found } = solveOutputs(sparse, theta, ["found"]);
      const mean = perturbAndMap(sparse, theta, { noise: gumbel(), samples: 1 });
      assert.equal([...(await state.read())], wanted(1, 1), `${rows} rows of ${n}`);
      assert.equal([...(await found.read<"i32">())], wanted(2, 7), `outputs, ${rows} rows of ${n}`);
      assert.equal([...(await mean.read())], wanted(1, 1), `means, ${rows} rows of ${n}`);
      scope.close();
    }
  }
});

test.run();
