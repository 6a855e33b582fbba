import { suite } from "uvu";
import * as assert from "uvu/assert";

interface Posted {
  readonly best: Float32Array;
  readonly slopes: Float32Array;
}

const workers = suite("inside of a module worker");

/** What the worker posts; on Node it runs in a thread. */
async function posted(): Promise<Posted> {
  const module = (name: string): URL => new URL(`./test-fixtures-${name}.js`, import.meta.url);
  if (typeof Worker !== "function") {
    const { Worker: Thread } = await import("node:worker_threads");
    const thread = new Thread(module("thread"));
    return await new Promise((resolve, reject) => {
      thread.once("message", resolve);
      thread.once("error", reject);
    });
  }
  const worker = new Worker(module("worker"), { type: "module" });
  try {
    return await new Promise((resolve, reject) => {
      worker.addEventListener("message", ({ data }) => resolve(data as Posted));
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        reject(new Error(`the worker failed: ${event.message}`));
      });
    });
  } finally {
    worker.terminate();
  }
}

workers("an engine solves, takes an I-MLE step, and posts its results", async () => {
  const { best, slopes } = await posted();
  assert.equal([...best], [0, 0, 1, 0, 1]);
  // The loss ⟨z̄, θ⟩ passes z̄ back, which sums to k, and differences of states, which sum to 0.
  assert.is(slopes.length, 5);
  assert.ok(Math.abs(slopes.reduce((a, b) => a + b) - 2) < 1e-4, `${slopes}`);
});

workers.run();
