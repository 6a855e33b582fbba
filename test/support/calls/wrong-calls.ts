/** A campaign of calls that must be refused: which there are, and one place of one call tried. */

import fc from "fast-check";
import { type Engine, ImleError, Tensor } from "webgpu-imle";
import { type Calls, Context } from "./context.js";
import { creation } from "./creation.js";
import { elementwise } from "./elementwise.js";
import { estimators } from "./estimators.js";
import { products } from "./products.js";
import { reductions } from "./reductions.js";
import { shapes } from "./shapes.js";
import { solvers } from "./solvers.js";
import { training } from "./training.js";

const tables = [elementwise, reductions, products, shapes, creation, training, solvers, estimators];

/** An argument of a call. */
export interface Place {
  readonly name: string;
  readonly place: number;
}

/** What a campaign is told: the same seed makes the same calls. */
export interface Campaign {
  readonly seed: number;
  readonly runs: number;
}

/** Calls with one argument wrong, on an engine, with another engine for tensors that are not its own. */
export class WrongCalls {
  readonly names: readonly string[];
  readonly places: readonly Place[];
  /** How many were made. */
  tried = 0;
  private readonly calls: Calls;

  constructor(
    private readonly engine: Engine,
    other: Engine,
  ) {
    const context = new Context(engine, other);
    this.calls = Object.assign({}, ...tables.map((table) => table(context))) as Calls;
    this.names = Object.keys(this.calls);
    this.places = Object.entries(this.calls).flatMap(([name, { slots }]) => slots.map((_, place) => ({ name, place })));
  }

  /** Makes calls with this argument wrong; what is wrong with the answer to one of them, or undefined. */
  failure({ name, place }: Place, { seed, runs }: Campaign): string | undefined {
    const { slots, run } = this.calls[name]!;
    const property = fc.property(slots[place]!.wrong, (value) => {
      this.tried++;
      const values = slots.map(({ good }, i) => (i === place ? value : good));
      const found = this.problem(() => run(...(values as never[])));
      if (found !== undefined) throw new Error(`${inShort(value)}: ${found}`);
    });
    const { failed, counterexamplePath, errorInstance } = fc.check(property, { numRuns: runs, seed });
    if (!failed) return undefined;
    const report = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
    return `${name}, argument ${place}, { seed: ${seed}, path: "${counterexamplePath}" }: ${report}`;
  }

  /** Why a call was not refused as it should be; undefined where it was. */
  private problem(run: () => unknown): string | undefined {
    const before = this.state();
    try {
      run();
      return "nothing was thrown";
    } catch (error) {
      if (!(error instanceof ImleError))
        return `no ImleError, but ${error instanceof Error ? error.stack : String(error)}`;
      if (!/^[\w. =]+: .*, got /s.test(error.message) || error.fix.length < 10)
        return `it says too little: ${error.message}`;
      return this.state() === before ? undefined : `something reached the device, or was kept: ${error.message}`;
    }
  }

  /** What a refused call must leave as it is. */
  private state(): string {
    return JSON.stringify([this.engine.memory(), this.engine.stats()]);
  }
}

/** A value in few words: fast-check would print a tensor with its whole engine. */
function inShort(value: unknown): string {
  const text = JSON.stringify(value, (_, part: unknown) => {
    if (part instanceof Tensor) return `tensor ${part.dtype} [${part.shape}]${part.isDisposed ? ", disposed" : ""}`;
    if (typeof part === "string") return part.slice(0, 40);
    if (typeof part === "function") return `function ${part.name}`;
    if (ArrayBuffer.isView(part)) return `${part.constructor.name} of ${part.byteLength} bytes`;
    return ["number", "bigint", "symbol", "undefined"].includes(typeof part) ? String(part) : part;
  });
  return text.slice(0, 900);
}
