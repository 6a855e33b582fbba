import lanesSource from "../../kernels/cross-entropy-lanes.wgsl";
import workgroupSource from "../../kernels/cross-entropy-workgroup.wgsl";
import shared from "../../kernels/lib/cross-entropy.wgsl";
import { constants } from "../compose.js";
import { formatShape, formatValue, ImleError, must } from "../error.js";
import { sameShape } from "../shape.js";
import { isRecorded, record } from "../tape.js";
import type { Tensor } from "../tensor.js";
import { requireNumber, requireTensor } from "./arguments.js";
import { checkReduction, type LossOptions, reduceLosses, requireSomeLoss } from "./loss-reduction.js";
import { mapElements } from "./map.js";
import { reduceBlock } from "./reduction.js";
import { planRows, rowTypes } from "./rows.js";

export interface CrossEntropyOptions extends LossOptions {
  /** Rows of this class count nothing, in the mean neither: padding, or labels that are not known. Any whole number. */
  readonly ignoreIndex?: number;
  /** ε from 0 to 1: the target is 1 − ε for the class and ε spread over all classes (Szegedy et al. 2016, § 7). */
  readonly labelSmoothing?: number;
}

const name = "crossEntropy";

/**
 * −log softmax(logits)[class] of each row, by default their mean (0 where every row is ignored).
 *
 * @param logits f32, `[...rows, classes]`
 * @param classes i32, `[...rows]`, each from 0 to classes − 1, or the ignored one; another makes the next read reject
 */
export function crossEntropy(logits: Tensor, classes: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const reduction = checkReduction(name, options, ["ignoreIndex", "labelSmoothing"]);
  const { ignoreIndex, labelSmoothing = 0 } = options;
  if (ignoreIndex !== undefined) requireNumber(name, "ignoreIndex", ignoreIndex, "i32");
  must(
    typeof labelSmoothing === "number" && labelSmoothing >= 0 && labelSmoothing <= 1,
    "value",
    () => `${name}: labelSmoothing must be a number from 0 to 1, got ${formatValue(labelSmoothing)}`,
    "Pass the share of the target that is spread over all classes, such as 0.1.",
  );
  requireTensor(name, "logits", logits, ["f32"]);
  requireTensor(name, "classes", classes, ["i32"]);
  logits.engine.check(name, [classes]);
  const rowShape = logits.shape.slice(0, -1);
  must(
    logits.shape.length > 0 && sameShape(classes.shape, rowShape) && logits.shape.at(-1)! > 0,
    "shape",
    () =>
      `${name}: logits [...rows, classes] and classes [...rows] must fit, got ` +
      `${formatShape(logits.shape)} and ${formatShape(classes.shape)}`,
    "Give one class a row; classes are numbers, not one-hot rows.",
  );
  requireSomeLoss(name, classes, reduction);
  const { engine, shape } = logits;
  const columns = shape.at(-1)!;
  const rows: Rows = { logits, classes, columns, ignoreIndex, smoothing: labelSmoothing };
  return engine.scope(() => {
    const { losses, logSums } = rowLosses(rows);
    const isWeighted = ignoreIndex !== undefined && reduction === "mean" && classes.size > 0;
    const reduced = isWeighted ? meanOfKept(losses, rows) : reduceLosses(name, losses, reduction);
    const { loss, scale } = reduced;
    if (isRecorded([logits])) {
      record({
        label: name,
        inputs: [logits],
        outputs: [loss],
        saved: [logits, classes, logSums, ...(typeof scale === "number" ? [] : [scale])],
        backward: ([dy]) => {
          const column = [...rowShape, 1];
          return [
            mapElements(engine, {
              label: `${name} gradient`,
              expression:
                "select(F(0), (exp(x - log_sum) - smoothing / F(columns) - " +
                `select(F(0), F(1) - smoothing, element % U(columns) == U(chosen))) * dy * scale, ${isKept})`,
              dtype: "f32",
              operands: {
                x: logits,
                log_sum: logSums.alias(column),
                chosen: classes.alias(column),
                dy: reduction === "none" ? dy!.alias(column) : dy!,
                columns: { value: columns, dtype: "u32" },
                scale,
                smoothing: labelSmoothing,
                ...ignoring(ignoreIndex),
              },
              shape,
            }),
          ];
        },
      });
    }
    return loss;
  });
}

/** What the losses of rows are computed from. */
interface Rows {
  readonly logits: Tensor;
  readonly classes: Tensor;
  readonly columns: number;
  readonly ignoreIndex: number | undefined;
  readonly smoothing: number;
}

/** Of `chosen` and {@link ignoring}: whether the row counts. */
const isKept = "((ignores == U(0)) | (chosen != ignored))";

function ignoring(ignoreIndex: number | undefined) {
  return {
    ignores: { value: ignoreIndex === undefined ? 0 : 1, dtype: "u32" },
    ignored: { value: ignoreIndex ?? 0, dtype: "i32" },
  } as const;
}

/** Each row's loss, and its log Σ exp for the way back. */
function rowLosses(rows: Rows): { losses: Tensor; logSums: Tensor } {
  const { logits, classes, columns, ignoreIndex, smoothing } = rows;
  const { engine } = logits;
  const losses = engine.output(name, classes.shape);
  const logSums = engine.output(name, classes.shape);
  const planned = planRows([logits], classes.size, columns, 1);
  const { grouping } = planned;
  const strategy = planned.strategy === "split" ? "workgroup" : planned.strategy;
  const lanes = planned.lanes || 256;
  const isVector = grouping !== "scalars";
  engine.dispatch({
    kernel: engine.kernel(`${name}:${strategy}:${grouping}:${lanes}`, () => [
      constants({ LANES: lanes }),
      rowTypes(grouping),
      {
        name: "one logit",
        text: `fn logit(at: u32) -> f32 { return ${isVector ? "logits[at >> 2u][at & 3u]" : "logits[at]"}; }`,
      },
      { name: "kernels/lib/cross-entropy.wgsl", text: shared },
      strategy === "lanes"
        ? { name: "kernels/cross-entropy-lanes.wgsl", text: lanesSource }
        : { name: "kernels/cross-entropy-workgroup.wgsl", text: workgroupSource },
    ]),
    buffers: {
      logits: logits.slice(name),
      classes: classes.slice(name),
      losses: losses.slice(name),
      log_sums: logSums.slice(name),
      status: engine.status.slice(),
    },
    uniforms: {
      ignores: ignoreIndex === undefined ? 0 : 1,
      ignored: ignoreIndex ?? 0,
      count: classes.size,
      length: isVector ? columns / 4 : columns,
      classes: columns,
      word: engine.status.reserve(rowLosses, ({ instance }) => badClass(instance)),
    },
    workgroups: strategy === "lanes" ? Math.ceil(classes.size / lanes) : classes.size,
  });
  if (smoothing === 0 || classes.size === 0) return { losses, logSums };
  // The cross-entropy with an even target is log Σ exp less the mean of the logits.
  const means = reduceBlock(name, logits, { outer: classes.size, length: columns, inner: 1 }, classes.shape, {
    fold: "sum",
    scale: 1 / columns,
  });
  const smoothed = mapElements(engine, {
    label: `${name} smoothed`,
    expression: `select(F(0), (F(1) - smoothing) * loss + smoothing * (log_sum - mean), ${isKept})`,
    dtype: "f32",
    operands: { loss: losses, log_sum: logSums, mean: means, chosen: classes, smoothing, ...ignoring(ignoreIndex) },
    shape: classes.shape,
  });
  for (const part of [losses, means]) part.dispose();
  return { losses: smoothed, logSums };
}

/** The mean over the rows that count, and 1 over their number: a tensor, since only the device can know it. */
function meanOfKept(losses: Tensor, { classes, ignoreIndex }: Rows): { loss: Tensor; scale: Tensor } {
  const { engine, size } = losses;
  const block = { outer: 1, length: size, inner: 1 };
  const kept = mapElements(engine, {
    label: `${name} rows that count`,
    expression: `select(F(0), F(1), ${isKept})`,
    dtype: "f32",
    operands: { chosen: classes, ...ignoring(ignoreIndex) },
    shape: classes.shape,
  });
  const count = reduceBlock(name, kept, block, [], { fold: "sum" });
  const total = reduceBlock(name, losses, block, [], { fold: "sum" });
  const share = { dtype: "f32", shape: [] } as const;
  const scale = mapElements(engine, {
    label: `${name} share`,
    expression: "F(1) / max(count_of_rows, F(1))",
    operands: { count_of_rows: count },
    ...share,
  });
  const loss = mapElements(engine, {
    label: `${name} mean`,
    expression: "total * scale",
    operands: { total, scale },
    ...share,
  });
  for (const part of [kept, count, total, losses]) part.dispose();
  return { loss, scale };
}

function badClass(row: number): ImleError {
  return new ImleError(
    "value",
    `crossEntropy: classes must be from 0 to one below the number of columns, got another in row ${row}`,
    "Check the labels; for rows to be left out give their class as { ignoreIndex }.",
  );
}
