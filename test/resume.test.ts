import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Dropout, type Engine, gumbel, imle, type RandomSnapshot, type Tensor, topK } from "webgpu-imle";
import { testEngine } from "./support/engine.js";

const resume = suite("random numbers of a run that is saved and resumed");

const saved = (engine: Engine): RandomSnapshot => JSON.parse(JSON.stringify(engine.randomState)) as RandomSnapshot;

/** A step that draws from three streams: the engine's own, a dropout's and a layer's. */
function noisyStep(engine: Engine): () => Tensor {
  const dropout = new Dropout(engine, 0.5);
  const layer = imle(topK(3), { noise: gumbel() });
  return () => dropout.forward(layer(engine.uniform([4, 8])).add(engine.normal([4, 8])));
}

const take = async (step: () => Tensor, count: number): Promise<number[][]> => {
  const drawn: number[][] = [];
  for (let i = 0; i < count; i++) drawn.push([...(await step().read())]);
  return drawn;
};

for (const before of ["plain", "captured"] as const) {
  for (const after of ["plain", "captured"] as const) {
    resume(`${before} steps, saved, go on as ${after} ones with the draws of the run that was not interrupted`, async () => {
      const start = await testEngine();
      const make = (engine: Engine, kind: "plain" | "captured"): (() => Tensor) => {
        const step = noisyStep(engine);
        return kind === "captured" ? engine.capture(step) : step;
      };
      start.seed(11);
      const whole = await take(make(start, "plain"), 9);
      const first = await testEngine();
      first.seed(11);
      const begun = make(first, before);
      assert.equal(await take(begun, 5), whole.slice(0, 5));
      const second = await testEngine();
      second.randomState = saved(first);
      assert.equal(await take(make(second, after), 4), whole.slice(5));
    });
  }
}

resume("layers with streams of their own go on with their draws, in whatever order they are used", async () => {
  const layers = () => [1, 2].map((stream) => imle(topK(3), { noise: gumbel(), stream }));
  const draw = async (engine: Engine, layer: ReturnType<typeof imle>): Promise<number[]> => [
    ...(await layer(engine.zeros([4, 8])).read()),
  ];
  const first = await testEngine();
  first.seed(12);
  const [a, b] = layers();
  await draw(first, a!);
  await draw(first, b!);
  await draw(first, b!);
  const state = saved(first);
  const expected = [await draw(first, a!), await draw(first, b!)];
  const second = await testEngine();
  second.randomState = state;
  const [c, d] = layers();
  const other = await draw(second, d!);
  assert.equal([await draw(second, c!), other], expected);
});

resume.run();
