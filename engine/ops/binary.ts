import { formatValue, ImleError, must } from "../error.js";
import { sameShape } from "../shape.js";
import { isRecorded, record } from "../tape.js";
import type { DType, Tensor } from "../tensor.js";
import {
  broadcastShapes,
  isTensor,
  requireDtype,
  requireNumber,
  requireSameDtype,
  requireTensor,
} from "./arguments.js";
import { mapElements, type Operand } from "./map.js";
import { sumTo } from "./reduce.js";
import { square } from "./unary.js";

/** One binary operation. The gradients may use `dy`, `a`, `b` and `y`; what none uses is not saved. */
interface Binary {
  readonly value: string;
  readonly gradients?: readonly [a: string, b: string];
  readonly dtypes?: readonly DType[];
  /** Of the result, where it is not that of the operands. */
  readonly result?: DType;
}

const all = ["f32", "i32", "u32"] as const;
const floats = ["f32"] as const;

function binary(name: string, row: Binary, a: Tensor | number, b: Tensor | number): Tensor {
  const { engine, dtype } = checkOperands(name, [a, b], row.dtypes ?? floats);
  const shape = broadcastShapes(name, tensorsOf([a, b]).map((tensor) => tensor.shape));
  const y = mapElements(engine, {
    label: name,
    expression: row.value,
    dtype,
    operands: { a, b },
    shape,
    resultDtype: row.result ?? dtype,
  });
  if (row.gradients) recordBroadcast(name, { a, b }, y, row.gradients);
  return y;
}

/**
 * Puts an elementwise operation of several operands on the tape. Each gradient is one dispatch over the whole shape
 * (none where it is dy itself), then summed back to its operand's shape.
 */
function recordBroadcast(
  label: string,
  operands: Readonly<Record<string, Tensor | number>>,
  y: Tensor,
  gradients: readonly (string | null)[],
): void {
  const names = Object.keys(operands);
  const inputs = tensorsOf(Object.values(operands));
  if (!isRecorded(inputs)) return;
  const { engine, shape, dtype } = y;
  const terms: Readonly<Record<string, Tensor | number>> = { ...operands, y };
  const wanted = names.flatMap((name, index) => {
    const input = operands[name]!;
    return isTensor(input) ? [{ name, input, gradient: input.requiresGrad ? gradients[index]! : null }] : [];
  });
  const needed = wanted.map(({ gradient }) => {
    const words = gradient === null ? [] : wordsOf(gradient);
    return Object.keys(terms).filter((name) => words.includes(name));
  });
  const saved = tensorsOf([...new Set(needed.flat())].map((name) => terms[name]!));
  record({
    label,
    inputs,
    outputs: [y],
    saved,
    backward: ([dy]) =>
      wanted.map(({ name, input, gradient }, index) => {
        if (gradient === null) return null;
        if (gradient === "dy") return sumTo(dy!, input.shape);
        const used = Object.fromEntries(needed[index]!.map((term) => [term, terms[term] as Operand]));
        const expanded = mapElements(engine, {
          label: `${label} gradient of ${name}`,
          expression: gradient,
          dtype,
          operands: { dy: dy!, ...used },
          shape,
        });
        if (sameShape(input.shape, shape)) return expanded;
        const summed = sumTo(expanded, input.shape);
        expanded.dispose();
        return summed;
      }),
  });
}

const known = new Map<string, readonly string[]>();

/** The names in an expression; there are few expressions, and looking costs as much as a dispatch. */
function wordsOf(expression: string): readonly string[] {
  let words = known.get(expression);
  if (!words) known.set(expression, (words = expression.match(/\w+/g) ?? []));
  return words;
}

function tensorsOf(operands: readonly (Tensor | number)[]): Tensor[] {
  return operands.filter(isTensor);
}

/** Throws unless the operands are tensors of one engine and dtype, or numbers that fit, and not all of them numbers. */
function checkOperands(
  operation: string,
  operands: readonly (Tensor | number)[],
  dtypes: readonly DType[],
): Tensor {
  const first = operands.find(isTensor);
  if (!first) {
    throw new ImleError(
      "value",
      `${operation}: at least one argument must be a tensor, got ${operands.map(formatValue).join(" and ")}`,
      "Make one with engine.tensor(…), or compute with plain numbers.",
    );
  }
  for (const operand of operands) {
    if (!isTensor(operand)) {
      must(
        typeof operand === "number",
        "value",
        () => `${operation}: an operand must be a tensor or a number, got ${formatValue(operand)}`,
        "Make a tensor of it: engine.tensor(…).",
      );
      requireNumber(operation, "a number", operand, first.dtype);
      continue;
    }
    requireTensor(operation, "an argument", operand);
    if (operand === first) requireDtype(operation, "an argument", operand, dtypes);
    else {
      first.engine.check(operation, [operand]);
      requireSameDtype(operation, first, operand);
    }
  }
  return first;
}

// Operations of two arguments: tensors of one dtype, broadcast to each other, or a tensor and a number.

/** a + b, broadcasting; any dtype, i32 and u32 wrap around. */
export function add(a: Tensor | number, b: Tensor | number): Tensor {
  return binary("add", { value: "a + b", gradients: ["dy", "dy"], dtypes: all }, a, b);
}

/** a − b, broadcasting; any dtype, i32 and u32 wrap around. */
export function sub(a: Tensor | number, b: Tensor | number): Tensor {
  return binary("sub", { value: "a - b", gradients: ["dy", "-dy"], dtypes: all }, a, b);
}

/** a · b, broadcasting; any dtype, i32 and u32 wrap around. */
export function mul(a: Tensor | number, b: Tensor | number): Tensor {
  return binary("mul", { value: "a * b", gradients: ["dy * b", "dy * a"], dtypes: all }, a, b);
}

/** a / b, broadcasting; any dtype, whole numbers are cut off towards zero. */
export function div(a: Tensor | number, b: Tensor | number): Tensor {
  return binary("div", { value: "a / b", gradients: ["dy / b", "-dy * y / b"], dtypes: all }, a, b);
}

/** aᵇ, broadcasting; f32. A negative a needs a whole b (else |a|ᵇ comes out); 0⁰ is 1. */
export function pow(a: Tensor | number, b: Tensor | number): Tensor {
  if (b === 2 && isTensor(a) && a.dtype === "f32") return square(a);
  const row: Binary = {
    value: "power(a, b)",
    gradients: ["dy * b * power(a, b - F(1))", "select(F(0), dy * y * log(max(a, F(1e-38))), a > F(0))"],
  };
  return binary("pow", row, a, b);
}

/** The larger of a and b, broadcasting; any dtype. Where they are equal, the gradient goes to a. */
export function maximum(a: Tensor | number, b: Tensor | number): Tensor {
  const row: Binary = {
    value: "max(a, b)",
    gradients: ["select(F(0), dy, a >= b)", "select(F(0), dy, b > a)"],
    dtypes: all,
  };
  return binary("maximum", row, a, b);
}

/** The smaller of a and b, broadcasting; any dtype. Where they are equal, the gradient goes to a. */
export function minimum(a: Tensor | number, b: Tensor | number): Tensor {
  const row: Binary = {
    value: "min(a, b)",
    gradients: ["select(F(0), dy, a <= b)", "select(F(0), dy, b < a)"],
    dtypes: all,
  };
  return binary("minimum", row, a, b);
}

// Comparisons and logical operations give f32 masks, 1 where they hold and 0 where not, so that a mask can be multiplied, summed and averaged.

function mask(name: string, condition: string, a: Tensor | number, b: Tensor | number): Tensor {
  return binary(name, { value: `select(F(0), F(1), ${condition})`, dtypes: all, result: "f32" }, a, b);
}

/** 1 where a = b, else 0; broadcasting. Of any dtype, f32 comes out, and no gradient passes. */
export function equal(a: Tensor | number, b: Tensor | number): Tensor {
  return mask("equal", "a == b", a, b);
}

/** 1 where a ≠ b, else 0; broadcasting. Of any dtype, f32 comes out, and no gradient passes. */
export function notEqual(a: Tensor | number, b: Tensor | number): Tensor {
  return mask("notEqual", "a != b", a, b);
}

/** 1 where a < b, else 0; broadcasting. Of any dtype, f32 comes out, and no gradient passes. */
export function less(a: Tensor | number, b: Tensor | number): Tensor {
  return mask("less", "a < b", a, b);
}

/** 1 where a ≤ b, else 0; broadcasting. Of any dtype, f32 comes out, and no gradient passes. */
export function lessEqual(a: Tensor | number, b: Tensor | number): Tensor {
  return mask("lessEqual", "a <= b", a, b);
}

/** 1 where a > b, else 0; broadcasting. Of any dtype, f32 comes out, and no gradient passes. */
export function greater(a: Tensor | number, b: Tensor | number): Tensor {
  return mask("greater", "a > b", a, b);
}

/** 1 where a ≥ b, else 0; broadcasting. Of any dtype, f32 comes out, and no gradient passes. */
export function greaterEqual(a: Tensor | number, b: Tensor | number): Tensor {
  return mask("greaterEqual", "a >= b", a, b);
}

/** 1 where neither a nor b is 0, else 0; broadcasting. Of any dtype, f32 comes out, and no gradient passes. */
export function logicalAnd(a: Tensor | number, b: Tensor | number): Tensor {
  return mask("logicalAnd", "(a != T(0)) & (b != T(0))", a, b);
}

/** 1 where a or b is not 0, else 0; broadcasting. Of any dtype, f32 comes out, and no gradient passes. */
export function logicalOr(a: Tensor | number, b: Tensor | number): Tensor {
  return mask("logicalOr", "(a != T(0)) | (b != T(0))", a, b);
}

/**
 * 1 where one of a and b is 0 and the other is not, else 0; broadcasting. Of any dtype, f32 comes out, and no gradient
 * passes.
 */
export function logicalXor(a: Tensor | number, b: Tensor | number): Tensor {
  return mask("logicalXor", "(a != T(0)) != (b != T(0))", a, b);
}

/**
 * a where the mask is not 0, b where it is; all three broadcast.
 *
 * @param mask of any dtype, such as a comparison gives
 * @param a of the same dtype as b, or a number
 */
export function where(mask: Tensor, a: Tensor | number, b: Tensor | number): Tensor {
  requireTensor("where", "mask", mask);
  const { engine, dtype } = isTensor(a) || isTensor(b) ? checkOperands("where", [a, b], all) : mask;
  const isNumeric = !isTensor(a) && !isTensor(b);
  if (isNumeric) [a, b].forEach((value) => requireNumber("where", "a number", value));
  mask.engine.check("where", tensorsOf([mask, a, b]));
  const shape = broadcastShapes("where", tensorsOf([mask, a, b]).map((tensor) => tensor.shape));
  const isTrue = mask.dtype === "f32" ? "mask != F(0)" : mask.dtype === "i32" ? "mask != I(0)" : "mask != U(0)";
  const y = mapElements(engine, {
    label: "where",
    expression: `select(b, a, ${isTrue})`,
    dtype: isNumeric ? "f32" : dtype,
    operands: { mask, a, b },
    shape,
  });
  const gradients = [null, `select(F(0), dy, ${isTrue})`, `select(dy, F(0), ${isTrue})`];
  recordBroadcast("where", { mask, a, b }, y, gradients);
  return y;
}
