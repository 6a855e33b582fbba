import type { Engine } from "../engine.js";
import { formatValue, must } from "../error.js";
import { isTensor } from "../ops/arguments.js";
import type { Tensor } from "../tensor.js";

/**
 * Tensors by name, in objects or arrays, nested (at most 64 deep) as the layers are: `{ hidden: { weight, bias },
 * output: { weight, bias } }`.
 */
export type ParameterTree = Tensor | readonly ParameterTree[] | { readonly [name: string]: ParameterTree };

const deepest = 64;

/**
 * The tensors of a tree with their paths, in the order of the tree: `[["hidden.weight", …], …]`.
 *
 * @throws ImleError `value` where something else than a tensor is found
 */
export function flattenParameters(tree: ParameterTree, operation = "flattenParameters"): [name: string, Tensor][] {
  const found: [string, Tensor][] = [];
  const walk = (node: ParameterTree, path: string, depth: number): void => {
    must(
      depth <= deepest,
      "value",
      () => `${operation}: parameters must be nested at most ${deepest} deep, got more`,
      "Pass a tree that does not hold itself.",
    );
    must(
      typeof node === "object" && node !== null,
      "value",
      () => `${operation}: parameters must be tensors in arrays or objects, got ${formatValue(node)} at "${path}"`,
      "Pass layer.parameters, an array of tensors, or an object of these.",
    );
    if (isTensor(node)) found.push([path, node]);
    else
      for (const [name, child] of Object.entries(node)) walk(child, path === "" ? name : `${path}.${name}`, depth + 1);
  };
  walk(tree, "", 0);
  return found;
}

/**
 * The parameters that an optimiser may change, checked: leaves that require a gradient, each once, all of one engine.
 *
 * @throws ImleError `value`, `engine` or `disposed`
 */
export function requireParameters(
  operation: string,
  tree: ParameterTree,
): { engine: Engine; names: readonly string[]; tensors: readonly Tensor[] } {
  const found = flattenParameters(tree, operation);
  must(
    found.length > 0,
    "value",
    () => `${operation}: parameters must hold at least one tensor, got none`,
    "Pass layer.parameters, or an array of tensors.",
  );
  const { engine } = found[0]![1];
  const tensors = found.map(([, tensor]) => tensor);
  engine.check(operation, tensors);
  found.forEach(([name, tensor], i) => {
    tensor.slice(operation);
    must(
      tensor.requiresGrad && tensor.node === null,
      "value",
      () =>
        `${operation}: a parameter must be a leaf that requires a gradient, ` +
        `got ${tensor.node ? "the result of an operation" : "one without requiresGrad"} at "${name}"`,
      "Make it with { requiresGrad: true }, and do not compute it from other tensors.",
    );
    must(
      tensors.indexOf(tensor) === i,
      "value",
      () => `${operation}: each parameter must be given once, got "${name}" again`,
      "Pass a parameter that layers share only once.",
    );
  });
  return { engine, names: found.map(([name]) => name), tensors };
}
