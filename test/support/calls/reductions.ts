import { axis, choice, flag, isWhole, options, slot } from "../slots.js";
import { call, type Calls, calls, type Context, overAxes } from "./context.js";

/** Reductions, and what goes along an axis: running sums, sorts. */
export function reductions(context: Context): Calls {
  const [floats, all] = [context.ofTwoAxes(["f32"]), context.ofTwoAxes()];
  const place = axis(2);
  return {
    ...calls(["sum", "any", "all", "countNonZero"], all, ...overAxes),
    ...calls(["max", "min"], all, ...overAxes),
    ...calls(["mean", "logSumExp"], floats, ...overAxes),
    ...calls(["argmax", "argmin"], all, place, flag),
    ...call("variance", floats, ...overAxes, options({ correction: choice(0, 1, 2) })),
    ...call("norm", floats, ...overAxes, options({ order: choice(2, 1, Infinity) })),
    ...calls(["softmax", "logSoftmax"], floats, place),
    ...call("cumulativeSum", all, axis(2, { needed: true }), options({ reverse: flag, exclusive: flag })),
    ...calls(["sort", "argsort"], all, place, options({ descending: flag })),
    ...call(
      "topKValues",
      all,
      slot(1, (k) => isWhole(k) && k <= 3),
      place,
    ),
  };
}
