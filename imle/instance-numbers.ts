import type { Engine } from "../engine/engine.js";
import { formatShape, formatValue, must } from "../engine/error.js";
import { isTensor, requireTensor } from "../engine/ops/arguments.js";
import { sizeOf } from "../engine/shape.js";
import type { Tensor } from "../engine/tensor.js";
import type { Noise } from "./noise/noise.js";
import type { PerturbOptions } from "./perturb-options.js";

/** What instances have of their own, on the device. */
export interface InstanceNumbers {
  /** Tells texts apart. */
  readonly key: string;
  /** `instance_words: array<u32>`, where there is one. */
  readonly words: Readonly<Record<string, Tensor>>;
  /** Where the words of the temperatures begin, and how many laws there are. */
  readonly uniforms: Readonly<Record<"temperature_start" | "laws", number>>;
  /** That of all instances; 1 where each has its own. */
  readonly temperature: number;
  /** WGSL for what the temperature of an instance is multiplied by. */
  readonly temperatureText: (instance: string) => string;
  /** WGSL for the number of the law that `instance: u32` has. */
  readonly lawText: string;
}

/** @throws ImleError `value` unless it is a number from 0; a tensor is looked at where it is used */
export function requireTemperature(operation: string, temperature: unknown, name = "temperature"): void {
  must(
    isTensor(temperature) || (Number.isFinite(temperature) && Number(temperature) >= 0),
    "value",
    () => `${operation}: ${name} must be a number from 0, or a tensor of one an instance, got ${formatValue(temperature)}`,
    "0 switches the noise off.",
  );
}

/** @throws ImleError `value`, `dtype` or `shape` where a temperature or laws do not fit the noise and the batch */
export function requireInstanceNumbers(
  operation: string,
  engine: Engine,
  batchShape: readonly number[],
  noise: Noise,
  { temperature = 1, law }: Pick<PerturbOptions, "temperature" | "law">,
): void {
  const laws = noise.laws ?? 1;
  const own = (name: string, tensor: Tensor, dtype: "f32" | "u32"): void => {
    requireTensor(operation, name, tensor, [dtype]);
    engine.check(operation, [tensor]);
    must(
      formatShape(tensor.shape) === formatShape(batchShape),
      "shape",
      () =>
        `${operation}: ${name} must be a number for each instance, ${formatShape(batchShape)}, ` +
        `got ${formatShape(tensor.shape)}`,
      "Give it the batch axes of the weights.",
    );
  };
  must(
    laws > 1 === (law !== undefined),
    "value",
    () =>
      laws > 1
        ? `${operation}: a noise of ${laws} laws must come with the law of each instance, got none`
        : `${operation}: law must come with a noise of several laws, got ${noise.name}`,
    "Pass { law } with sumOfGamma({ kappa: [ … ] }), and neither for one law.",
  );
  requireTemperature(operation, temperature);
  if (law) own("law", law, "u32");
  if (isTensor(temperature)) own("temperature", temperature, "f32");
}

/**
 * A temperature and a law of the noise for each instance, or for all; in one buffer.
 * @throws ImleError `value`, `dtype` or `shape` where they do not fit the noise and the batch
 */
export function instanceNumbers(
  operation: string,
  engine: Engine,
  batchShape: readonly number[],
  noise: Noise,
  options: Pick<PerturbOptions, "temperature" | "law">,
): InstanceNumbers {
  requireInstanceNumbers(operation, engine, batchShape, noise, options);
  const { temperature = 1, law } = options;
  const each = isTensor(temperature);
  const given = [law, temperature].filter(isTensor);
  return {
    key: `${law !== undefined},${each}`,
    words: given.length > 0 ? { instance_words: joined(operation, engine, given) } : {},
    uniforms: { temperature_start: law ? sizeOf(batchShape) : 0, laws: noise.laws ?? 1 },
    temperature: each ? 1 : temperature,
    temperatureText: (instance) =>
      each ? `bitcast<f32>(instance_words[uniforms.temperature_start + ${instance}])` : "1.0",
    lawText: law ? "min(instance_words[instance], uniforms.laws - 1u)" : "0u",
  };
}

/** Tensors one after the other; a single one as it is. */
function joined(operation: string, engine: Engine, tensors: readonly Tensor[]): Tensor {
  if (tensors.length === 1) return tensors[0]!;
  const whole = engine.output(operation, [tensors.reduce((total, { size }) => total + size, 0)], "u32");
  let offset = 0;
  for (const tensor of tensors) {
    const { storage } = whole.slice(operation);
    engine.commands.copy(tensor.slice(operation), { buffer: storage.buffer, offset, storage });
    offset += 4 * tensor.size;
  }
  return whole;
}
