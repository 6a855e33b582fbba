import * as library from "webgpu-imle";
import * as testing from "webgpu-imle/testing";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import tutorial from "../docs/tutorial-interval-scheduling.md";
import { testEngine } from "./support/engine.js";
import { printedBy, promisesOf, tutorialFiles } from "./support/tutorial.js";

const engine = await testEngine();
const test = suite("tutorial");
const files = tutorialFiles(tutorial);

test("has the files that this test runs", () => {
  assert.equal(Object.keys(files), ["gpu.js", "twin.js", "scheduling.js", "check.js", "check-twin.js", "traced.js", "train.js"]);
});

/** What a file of the tutorial sees. Its engine is this one, whose adapter the runtime has found. */
const surroundings = {
  "webgpu-imle": { ...library, Engine: { create: () => engine } },
  "webgpu-imle/testing": testing,
};

for (const name of ["check.js", "check-twin.js", "traced.js", "train.js"]) {
  test(`${name}, as printed, prints what it says`, async () => {
    const promised = promisesOf(files[name]!);
    assert.ok(promised.length > 0);
    assert.equal(await printedBy(name, files, surroundings), promised);
  });
}

test("the mistake that it tells to make is found, with the message that it shows", async () => {
  const broken = { ...files, "scheduling.js": files["scheduling.js"]!.replace("value > best(i)", "value >= best(i)") };
  const shown = /^```text\n([^]*?)^```/m.exec(tutorial)![1]!.trimEnd();
  try {
    await printedBy("check.js", broken, surroundings);
    assert.unreachable("it must fail");
  } catch (error) {
    assert.ok((error as Error).message.startsWith(shown), (error as Error).message);
  }
});

test.run();
