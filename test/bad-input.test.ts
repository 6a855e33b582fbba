import { suite } from "uvu";
import * as assert from "uvu/assert";
import * as library from "webgpu-imle";
import { WrongCalls } from "./support/calls/wrong-calls.js";
import { testEngine } from "./support/engine.js";

const calls = new WrongCalls(await testEngine({ debug: false }), await testEngine({ debug: false }));

/**
 * What the package exports and is not tried here: classes that nobody makes from input, what returns a promise, what
 * takes nothing; and what has tests of its own.
 */
const elsewhere = [
  ...["Engine", "ImleError", "Layer", "Tensor", "saveSafetensors", "empiricalDistribution", "defineSolver"],
  ...["alignment", "categorical", "timeWarping", "gumbel", "laplace", "normal", "noNoise", "optimalState"],
];

const wanted = 20_000;
// Always the same calls: a run of the tests is to say what a change has done. Others: `npm run bench -- wrong-calls`.
const campaign = { seed: 1, runs: Math.ceil(wanted / calls.places.length) };

const test = suite("bad input");

test("whatever can be called has its wrong calls", () => {
  const exported = Object.entries(library).filter(([, value]) => typeof value === "function");
  const missing = exported.filter(([name]) => !calls.names.includes(name) && !elsewhere.includes(name));
  assert.equal(missing.map(([name]) => name), []);
});

for (const place of calls.places) {
  test(`${place.name} refuses what does not fit for argument ${place.place}`, () => {
    const failure = calls.failure(place, campaign);
    assert.not(failure !== undefined, failure);
  });
}

test("at least 20,000 wrong calls were made", () => assert.ok(calls.tried >= wanted, `${calls.tried}`));

test.run();
