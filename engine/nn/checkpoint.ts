import { formatShape, formatValue, must } from "../error.js";
import { requireOptions, requireTensor } from "../ops/arguments.js";
import { sameShape } from "../shape.js";
import type { DType, Tensor, TypedArrayOf } from "../tensor.js";
import { flattenParameters, type ParameterTree } from "./parameters.js";
import { decodeSafetensors, encodeSafetensors } from "./safetensors.js";

/**
 * Tensors as a file in the safetensors format, by their names in the tree; the host writes the bytes where it wants.
 * The Python library `safetensors` reads it.
 *
 * What a training goes on from is the state of its layers and optimisers, and of the engine's random numbers:
 *
 * @example
 * const bytes = await saveSafetensors(
 *   { model: model.state, optimiser: optimiser.state },
 *   { metadata: { random: JSON.stringify(engine.randomState), step: String(step) } },
 * );
 * // Later, with layers and optimiser made as before:
 * const { metadata } = loadSafetensors(bytes, { model: model.state, optimiser: optimiser.state });
 * engine.randomState = JSON.parse(metadata.random);
 *
 * @param options.metadata texts by name
 * @throws ImleError `value` where two tensors have one name, or a text is none
 */
export async function saveSafetensors(
  tensors: ParameterTree,
  options: { metadata?: Readonly<Record<string, string>> } = {},
): Promise<Uint8Array<ArrayBuffer>> {
  requireOptions("saveSafetensors", options, ["metadata"]);
  const found = named("saveSafetensors", tensors);
  const list = [...found.values()];
  const read = list.length > 0 ? await list[0]!.engine.readSlices(list.map((x) => x.slice("saveSafetensors"))) : [];
  const stored = [...found].map(([name, { dtype, shape }], i) => [name, { dtype, shape, bytes: read[i]! }] as const);
  return encodeSafetensors(new Map(stored), options.metadata);
}

/**
 * Writes the tensors of a safetensors file into those of the same names, which must all be there, and no others. Either
 * all are written, or none.
 *
 * @param tensors such as a layer's `state`, made with the shapes of the file
 * @param options.rename what a tensor of the file is called in the tree, null to leave it out: for files of other
 * programs, such as PyTorch's `running_mean`, and for files that hold more than is wanted
 * @returns the texts that the file holds
 * @throws ImleError `data` where the file is malformed, or its names, shapes or dtypes are not those of the tree
 */
export function loadSafetensors(
  file: Uint8Array | ArrayBuffer,
  tensors: ParameterTree,
  options: { rename?: (name: string) => string | null } = {},
): { metadata: Readonly<Record<string, string>> } {
  requireOptions("loadSafetensors", options, ["rename"]);
  const { rename = (name: string) => name } = options;
  must(
    typeof rename === "function",
    "value",
    () => `loadSafetensors: rename must be a function of a name, got ${formatValue(rename)}`,
    "Leave it out where the names are the same.",
  );
  const targets = named("loadSafetensors", tensors);
  const { tensors: stored, metadata } = decodeSafetensors(file);
  const contents = new Map<string, TypedArrayOf[DType]>();
  for (const [name, { dtype, shape, storedAs, read }] of stored) {
    const own = rename(name);
    if (own === null) continue;
    const target = targets.get(own);
    must(
      target !== undefined && !contents.has(own),
      "data",
      () =>
        `loadSafetensors: each tensor of the file must be one of the tree, once, got ${formatValue(name)}` +
        (own === name ? "" : `, as ${formatValue(own)}`),
      "Give { rename } to map names, or to leave tensors out with null.",
    );
    must(
      target.dtype === dtype && sameShape(target.shape, shape),
      "data",
      () =>
        `loadSafetensors: ${formatValue(own)} must be ${target.dtype} of shape ${formatShape(target.shape)}, ` +
        `got ${storedAs} ${formatShape(shape)}`,
      "Make the layers with the sizes that the file was saved with.",
    );
    contents.set(own, read());
  }
  const missing = [...targets.keys()].filter((name) => !contents.has(name));
  must(
    missing.length === 0,
    "data",
    () => `loadSafetensors: the file must hold every tensor of the tree, got none for ${formatValue(missing)}`,
    "Load a part of the tree, or a file that holds all of it.",
  );
  for (const [name, data] of contents) targets.get(name)!.write(data);
  return { metadata };
}

function named(operation: string, tree: ParameterTree): Map<string, Tensor> {
  const found = flattenParameters(tree, operation);
  const tensors = new Map(found);
  for (const [name, tensor] of found) {
    requireTensor(operation, formatValue(name), tensor);
    found[0]![1].engine.check(operation, [tensor]);
    must(
      tensors.get(name) === tensor,
      "value",
      () => `${operation}: each name must be given once, got ${formatValue(name)} again`,
      "Rename one of them.",
    );
  }
  return tensors;
}
