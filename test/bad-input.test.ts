import fc from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as room from "../engine/index.js";
import * as solverRoom from "../solvers/index.js";
import { ImleError, Tensor } from "webgpu-imle";
import { Context } from "./support/calls/context.js";
import { creation } from "./support/calls/creation.js";
import { elementwise } from "./support/calls/elementwise.js";
import { products } from "./support/calls/products.js";
import { reductions } from "./support/calls/reductions.js";
import { shapes } from "./support/calls/shapes.js";
import { solvers } from "./support/calls/solvers.js";
import { training } from "./support/calls/training.js";
import { testEngine } from "./support/engine.js";

const engine = await testEngine({ debug: false });
const context = new Context(engine, await testEngine({ debug: false }));
const calls = Object.assign(
  {},
  ...[elementwise, reductions, products, shapes, creation, training, solvers].map((table) => table(context)),
) as ReturnType<typeof elementwise>;

/**
 * What the engine and the solvers export and is not tried here: classes that nobody makes from input, what returns a
 * promise, what takes nothing; and what has tests of its own.
 */
const elsewhere = [
  ...["Engine", "ImleError", "Layer", "Tensor", "saveSafetensors", "alignment", "categorical", "timeWarping"],
  ...["defineSolver", "solveOutputs"],
];

const wanted = 20_000;
const places = Object.entries(calls).flatMap(([name, { slots }]) => slots.map((_, place) => ({ name, place })));
const runs = Math.ceil(wanted / places.length);
let tried = 0;

const test = suite("bad input");

test("every operation, layer, optimiser, maker of tensors and solver has its calls", () => {
  const exported = Object.entries({ ...room, ...solverRoom }).filter(([, value]) => typeof value === "function");
  const missing = exported.filter(([name]) => !(name in calls) && !elsewhere.includes(name)).map(([name]) => name);
  assert.equal(missing, []);
});

/** What a refused call must leave as it is. */
const state = (): string => JSON.stringify([engine.memory(), engine.stats()]);

/** Why the call was not refused as it should be; undefined where it was. */
function problem(run: () => unknown): string | undefined {
  const before = state();
  try {
    run();
    return "nothing was thrown";
  } catch (error) {
    if (!(error instanceof ImleError))
      return `no ImleError, but ${error instanceof Error ? error.stack : String(error)}`;
    if (!/^[\w. =]+: .*, got /s.test(error.message) || error.fix.length < 10)
      return `it says too little: ${error.message}`;
    return state() === before ? undefined : `something reached the device, or was kept: ${error.message}`;
  }
}

/** A value in few words: fast-check would print a tensor with its whole engine. */
const inShort = (value: unknown): string =>
  JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Tensor) return `tensor ${part.dtype} [${part.shape}]${part.isDisposed ? ", disposed" : ""}`;
    if (typeof part === "string") return part.slice(0, 40);
    return ["number", "bigint", "function", "symbol", "undefined"].includes(typeof part) ? String(part) : part;
  }).slice(0, 300);

for (const { name, place } of places) {
  test(`${name} refuses what does not fit for argument ${place}`, () => {
    const { slots, run } = calls[name]!;
    const property = fc.property(slots[place]!.wrong, (value) => {
      tried++;
      const values = slots.map(({ good }, i) => (i === place ? value : good));
      const found = problem(() => run(...(values as never[])));
      if (found !== undefined) throw new Error(`${inShort(value)}: ${found}`);
    });
    const { failed, seed, counterexamplePath, errorInstance } = fc.check(property, { numRuns: runs });
    const report = errorInstance instanceof Error ? errorInstance.message : "";
    assert.not(failed, `{ seed: ${seed}, path: "${counterexamplePath}" } for fc.check gives again: ${report}`);
  });
}

test("at least 20,000 wrong calls were made", () => assert.ok(tried >= wanted, `${tried}`));

test.run();
