import { suite } from "uvu";
import * as assert from "uvu/assert";
import { Engine, matmul, type Tensor, topK, solve, type Tuning } from "webgpu-imle";
import { scoped, testEngine } from "./support/engine.js";
import { refused } from "./support/errors.js";
import { expectClose } from "./support/gradients.js";
import { randomTwin } from "./support/twins.js";

const tablesOf = ({ device }: Engine): readonly Tuning[] =>
  (["lane", ...(device.features.has("subgroups") ? (["quad"] as const) : []), "workgroup"] as const).flatMap(
    (products) =>
      ([8, 16, 32] as const).map((largestTile) => ({
        products,
        largestTile,
        rows: products === "lane" ? ("workgroup" as const) : ("lane" as const),
      })),
  );

const tuning = suite("tuning");

tuning("every table gives the same values, by kernels of its own", async () => {
  const engine = await testEngine();
  const [left, right] = [randomTwin([300, 300]), randomTwin([300, 300], { seed: 2 })];
  await scoped(engine, async () => {
    const [a, b] = [engine.tensor(left.values, [300, 300]), engine.tensor(right.values, [300, 300])];
    const wanted = [0, 150, 299].map((i) => {
      let sum = 0;
      for (let k = 0; k < 300; k++) sum += left.values[i * 300 + k]! * right.values[k * 300 + i]!;
      return sum;
    });
    const few = engine.arange(4 * 50, { dtype: "f32" }).reshape([4, 50]);
    const pipelines = new Set<number>();
    for (const table of tablesOf(engine)) {
      engine.tuning = table;
      assert.equal(engine.tuning, table);
      const product = matmul(a, b);
      const values = await product.read();
      expectClose("product", [0, 150, 299].map((i) => values[i * 301]!), wanted, { absolute: 1e-3 });
      expectClose("sum", await few.sum(1).read(), [1225, 3725, 6225, 8725], { absolute: 1e-3 });
      const mask = (await solve(topK(1), few).read()).findIndex((value) => value === 1);
      assert.is(mask, 49);
      pipelines.add(engine.stats().pipelines);
    }
    assert.ok(pipelines.size >= 3, `kernels must differ between tables, got ${pipelines.size} counts of pipelines`);
  });
});

tuning("by default lanes or quads work alone on a software adapter, and workgroups together on a GPU", async () => {
  const software = await testEngine({ as: "software" });
  const runsFour = software.device.features.has("subgroups") && software.device.adapterInfo.subgroupMaxSize === 4;
  assert.equal(software.tuning, { products: runsFour ? "quad" : "lane", largestTile: 32, rows: "lane" });
  const gpu = { products: "workgroup", largestTile: 16, rows: "workgroup" };
  assert.equal((await testEngine({ as: "gpu" })).tuning, gpu);
});

tuning("tune measures a table, which is in use from then on and makes another engine like it", async () => {
  const engine = await testEngine({ debug: false });
  const found = await engine.tune();
  assert.equal(Object.keys(found).sort(), ["largestTile", "products", "rows"]);
  assert.equal(engine.tuning, found);
  const saved = JSON.parse(JSON.stringify(found)) as Tuning;
  const other = await Engine.create({ tuning: saved });
  assert.equal(other.tuning, found);
  other.dispose();
  const before = engine.memory().liveBuffers;
  engine.scope((): Tensor => matmul(engine.ones([8, 8]), engine.ones([8, 8]))).dispose();
  assert.is(engine.memory().liveBuffers, before);
});

tuning("a device without subgroups multiplies by lanes, and refuses quads", async () => {
  const adapter = (await navigator.gpu.requestAdapter())!;
  const device = await adapter.requestDevice();
  const engine = Engine.from(device);
  assert.is(engine.tuning.products, engine.software ? "lane" : "workgroup");
  refused(
    () => {
      engine.tuning = { ...engine.tuning, products: "quad" };
    },
    "limit",
    /^tuning: the device must have the feature subgroups for products by quads/,
  );
  const x = engine.full([200, 200], 0.5);
  assert.is((await matmul(x, x).read())[0], 50);
  engine.dispose();
  device.destroy();
});

tuning("a table that is not whole, or has what is not there, is refused", async () => {
  const engine = await testEngine();
  const whole = { products: "lane", largestTile: 16, rows: "lane" } as const;
  const set = (table: unknown) => () => {
    engine.tuning = table as Tuning;
  };
  refused(set({ ...whole, rows: "both" }), "value", /^tuning: rows must be one of lane, workgroup, got "both"$/);
  refused(set({ products: "lane", rows: "lane" }), "value", /^tuning: largestTile must be one of 8, 16, 32, got undef/);
  refused(set({ ...whole, colour: 1 }), "value", /^tuning: options must be among/);
  refused(set(3), "value", /^tuning: options must be among/);
});

tuning.run();
