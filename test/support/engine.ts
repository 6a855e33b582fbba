import { Engine } from "webgpu-imle";

interface TestEngineOptions {
  /** Submits every dispatch under an error scope of its own; true by default. */
  debug?: boolean;
  /** Chooses kernels as on such an adapter, whatever this one is: the others are to be tested too. */
  as?: "software" | "gpu";
}

let fileInHand: number | undefined;
let ofThisFile: Engine[] = [];

/**
 * An engine for the tests of one file; files run one after the other, and those of the file before are disposed.
 * It is a debug engine, so that an error of the driver names the kernel.
 */
export async function testEngine(options: TestEngineOptions = {}): Promise<Engine> {
  if (fileInHand !== globalThis.UVU_INDEX) {
    for (const engine of ofThisFile) engine.dispose();
    ofThisFile = [];
    fileInHand = globalThis.UVU_INDEX;
  }
  const engine = await Engine.create({ debug: options.debug ?? true });
  if (options.as) (engine as { software: boolean }).software = options.as === "software";
  ofThisFile.push(engine);
  return engine;
}

/**
 * Whether the adapter is a real GPU. Barriers take a software adapter so long that kernels with a workgroup a row are
 * tried there with few rows only.
 */
export const hasGpu = async (): Promise<boolean> => !(await testEngine()).software;

/** Runs `f`, then frees the tensors made meanwhile. */
export async function scoped<T>(engine: Engine, f: () => Promise<T>): Promise<T> {
  const scope = engine.openScope();
  try {
    return await f();
  } finally {
    scope.close();
  }
}
