import { ImleError } from "../error.js";
import { isRecorded, record } from "../tape.js";
import type { DType, Tensor } from "../tensor.js";
import { requireNumber, requireTensor } from "./arguments.js";
import { mapElements } from "./map.js";

/** One unary operation. Expressions are WGSL, for scalars and vectors alike (see map.ts). */
interface Unary {
  /** y, of `x` and the parameters. */
  readonly value: string;
  /** dx, of `dy`, the parameters, and one of `x` and `y`, which is then saved; none where all slopes are 0. */
  readonly gradient?: string;
  readonly dtypes?: readonly DType[];
  /** Of the result, where it is not that of x. */
  readonly result?: DType;
}

const all = ["f32", "i32", "u32"] as const;
const signed = ["f32", "i32"] as const;
const floats = ["f32"] as const;

function unary(name: string, row: Unary, x: Tensor, parameters: Readonly<Record<string, number>> = {}): Tensor {
  requireTensor(name, "x", x, row.dtypes ?? floats);
  const { engine, shape, dtype } = x;
  const y = mapElements(engine, {
    label: name,
    expression: row.value,
    dtype,
    operands: { x, ...parameters },
    shape,
    resultDtype: row.result ?? dtype,
  });
  const { gradient } = row;
  if (gradient === undefined || !isRecorded([x])) return y;
  const saved: Record<string, Tensor> = {};
  if (/\bx\b/.test(gradient)) saved["x"] = x;
  if (/\by\b/.test(gradient)) saved["y"] = y;
  record({
    label: name,
    inputs: [x],
    outputs: [y],
    saved: Object.values(saved),
    backward: ([dy]) => [
      mapElements(engine, {
        label: `${name} gradient`,
        expression: gradient,
        dtype,
        operands: { dy: dy!, ...saved, ...parameters },
        shape,
      }),
    ],
  });
  return y;
}

// Operations of one argument; f32 unless said. Each has its own row in it, so that an app's bundler drops the others.

/** −x; f32 or i32. */
export function neg(x: Tensor): Tensor {
  return unary("neg", { value: "-x", gradient: "-dy", dtypes: signed }, x);
}

/** |x|; f32 or i32. The slope at 0 is 0. */
export function abs(x: Tensor): Tensor {
  return unary("abs", { value: "abs(x)", gradient: "dy * sign(x)", dtypes: signed }, x);
}

/** −1, 0 or 1; f32 or i32. No gradient passes. */
export function sign(x: Tensor): Tensor {
  return unary("sign", { value: "sign(x)", dtypes: signed }, x);
}

/** eˣ. */
export function exp(x: Tensor): Tensor {
  return unary("exp", { value: "exp(x)", gradient: "dy * y" }, x);
}

/** eˣ − 1, accurate also near 0. */
export function expm1(x: Tensor): Tensor {
  return unary("expm1", { value: "expm1(x)", gradient: "dy * (y + F(1))" }, x);
}

/** Natural logarithm; near 1 it has WGSL's absolute accuracy only, see {@link log1p}. */
export function log(x: Tensor): Tensor {
  return unary("log", { value: "log(x)", gradient: "dy / x" }, x);
}

/** ln(1 + x), accurate also near 0. */
export function log1p(x: Tensor): Tensor {
  return unary("log1p", { value: "log1p(x)", gradient: "dy / (F(1) + x)" }, x);
}

/** √x. */
export function sqrt(x: Tensor): Tensor {
  return unary("sqrt", { value: "sqrt(x)", gradient: "dy * F(0.5) / y" }, x);
}

/** 1/√x. */
export function rsqrt(x: Tensor): Tensor {
  return unary("rsqrt", { value: "inverseSqrt(x)", gradient: "F(-0.5) * dy * y * y * y" }, x);
}

/** x²; any dtype. */
export function square(x: Tensor): Tensor {
  return unary("square", { value: "x * x", gradient: "F(2) * dy * x", dtypes: all }, x);
}

/** 1/x. */
export function reciprocal(x: Tensor): Tensor {
  return unary("reciprocal", { value: "F(1) / x", gradient: "-dy * y * y" }, x);
}

/** Sine of x in radians; for |x| beyond π as accurate as the adapter's own. */
export function sin(x: Tensor): Tensor {
  return unary("sin", { value: "sin(x)", gradient: "dy * cos(x)" }, x);
}

/** Cosine of x in radians; for |x| beyond π as accurate as the adapter's own. */
export function cos(x: Tensor): Tensor {
  return unary("cos", { value: "cos(x)", gradient: "-dy * sin(x)" }, x);
}

/** Hyperbolic tangent, accurate also near 0. */
export function tanh(x: Tensor): Tensor {
  return unary("tanh", { value: "hyperbolic_tangent(x)", gradient: "dy * (F(1) - y * y)" }, x);
}

/** 1 / (1 + e⁻ˣ). */
export function sigmoid(x: Tensor): Tensor {
  return unary("sigmoid", { value: "sigmoid(x)", gradient: "dy * y * (F(1) - y)" }, x);
}

/** ln(1 + eˣ), without overflow. */
export function softplus(x: Tensor): Tensor {
  return unary("softplus", { value: "softplus(x)", gradient: "dy * sigmoid(x)" }, x);
}

/** max(x, 0); f32 or i32. The slope at 0 is 0. */
export function relu(x: Tensor): Tensor {
  return unary("relu", { value: "max(x, T(0))", gradient: "select(F(0), dy, y > F(0))", dtypes: signed }, x);
}

/** x where it is positive, else slope · x. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  requireNumber("leakyRelu", "slope", slope);
  const row: Unary = {
    value: "select(slope * x, x, x > F(0))",
    gradient: "select(slope * dy, dy, x > F(0))",
  };
  return unary("leakyRelu", row, x, { slope });
}

/** x · sigmoid(x), also called swish. */
export function silu(x: Tensor): Tensor {
  return unary("silu", { value: "x * sigmoid(x)", gradient: "dy * sigmoid(x) * (F(1) + x * (F(1) - sigmoid(x)))" }, x);
}

/** Gaussian error linear unit, by its usual tanh form (Hendrycks and Gimpel 2016). */
export function gelu(x: Tensor): Tensor {
  const row: Unary = {
    value: "F(0.5) * x * (F(1) + hyperbolic_tangent(F(0.7978845608) * x * (F(1) + F(0.044715) * x * x)))",
    gradient: "dy * gelu_slope(x)",
  };
  return unary("gelu", row, x);
}

/** The largest whole number that is not above x. No gradient passes. */
export function floor(x: Tensor): Tensor {
  return unary("floor", { value: "floor(x)" }, x);
}

/** The smallest whole number that is not below x. No gradient passes. */
export function ceil(x: Tensor): Tensor {
  return unary("ceil", { value: "ceil(x)" }, x);
}

/** The nearest whole number, halves to the even one. No gradient passes. */
export function round(x: Tensor): Tensor {
  return unary("round", { value: "round(x)" }, x);
}

/** x held within [low, high]; any dtype. The gradient passes where x lies within. */
export function clamp(x: Tensor, low: number, high: number): Tensor {
  requireTensor("clamp", "x", x);
  requireNumber("clamp", "low", low, x.dtype);
  requireNumber("clamp", "high", high, x.dtype);
  if (low > high) {
    const message = `clamp: low must not be above high, got ${low} and ${high}`;
    throw new ImleError("value", message, "Pass the lower bound first.");
  }
  const row: Unary = {
    value: "min(max(x, low), high)",
    gradient: "select(F(0), dy, (x >= low) & (x <= high))",
    dtypes: all,
  };
  return unary("clamp", row, x, { low, high });
}

/** 1 where x is 0, else 0; any dtype, f32 comes out. No gradient passes. */
export function logicalNot(x: Tensor): Tensor {
  return unary("logicalNot", { value: "select(F(0), F(1), x == T(0))", dtypes: all, result: "f32" }, x);
}
