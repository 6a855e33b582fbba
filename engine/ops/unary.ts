import { ImleError } from "../error.js";
import { isRecorded, record } from "../tape.js";
import type { DType, Tensor } from "../tensor.js";
import { requireNumber, requireTensor } from "./arguments.js";
import { mapElements } from "./map.js";

/** One unary operation: a row of `unaries`. Expressions are WGSL, for scalars and vectors alike (see map.ts). */
interface Unary {
  /** y, of `x` and the parameters. */
  readonly value: string;
  /** dx, of `dy`, the parameters, and one of `x` and `y`, which is then saved; none where all slopes are 0. */
  readonly gradient?: string;
  readonly dtypes?: readonly DType[];
  readonly parameters?: readonly string[];
  /** Of the result, where it is not that of x. */
  readonly result?: DType;
}

const all = ["f32", "i32", "u32"] as const;
const signed = ["f32", "i32"] as const;
const floats = ["f32"] as const;

const unaries = {
  neg: { value: "-x", gradient: "-dy", dtypes: signed },
  abs: { value: "abs(x)", gradient: "dy * sign(x)", dtypes: signed },
  sign: { value: "sign(x)", dtypes: signed },
  exp: { value: "exp(x)", gradient: "dy * y" },
  expm1: { value: "expm1(x)", gradient: "dy * (y + F(1))" },
  log: { value: "log(x)", gradient: "dy / x" },
  log1p: { value: "log1p(x)", gradient: "dy / (F(1) + x)" },
  sqrt: { value: "sqrt(x)", gradient: "dy * F(0.5) / y" },
  rsqrt: { value: "inverseSqrt(x)", gradient: "F(-0.5) * dy * y * y * y" },
  square: { value: "x * x", gradient: "F(2) * dy * x", dtypes: all },
  reciprocal: { value: "F(1) / x", gradient: "-dy * y * y" },
  sin: { value: "sin(x)", gradient: "dy * cos(x)" },
  cos: { value: "cos(x)", gradient: "-dy * sin(x)" },
  tanh: { value: "hyperbolic_tangent(x)", gradient: "dy * (F(1) - y * y)" },
  sigmoid: { value: "sigmoid(x)", gradient: "dy * y * (F(1) - y)" },
  softplus: { value: "softplus(x)", gradient: "dy * sigmoid(x)" },
  relu: { value: "max(x, T(0))", gradient: "select(F(0), dy, y > F(0))", dtypes: signed },
  leakyRelu: {
    value: "select(slope * x, x, x > F(0))",
    gradient: "select(slope * dy, dy, x > F(0))",
    parameters: ["slope"],
  },
  silu: { value: "x * sigmoid(x)", gradient: "dy * sigmoid(x) * (F(1) + x * (F(1) - sigmoid(x)))" },
  gelu: {
    value: "F(0.5) * x * (F(1) + hyperbolic_tangent(F(0.7978845608) * x * (F(1) + F(0.044715) * x * x)))",
    gradient: "dy * gelu_slope(x)",
  },
  floor: { value: "floor(x)" },
  ceil: { value: "ceil(x)" },
  round: { value: "round(x)" },
  clamp: {
    value: "min(max(x, low), high)",
    gradient: "select(F(0), dy, (x >= low) & (x <= high))",
    dtypes: all,
    parameters: ["low", "high"],
  },
  logicalNot: { value: "select(F(0), F(1), x == T(0))", dtypes: all, result: "f32" },
} as const satisfies Record<string, Unary>;

function unary(name: keyof typeof unaries, x: Tensor, parameters: Readonly<Record<string, number>> = {}): Tensor {
  const row: Unary = unaries[name];
  requireTensor(name, "x", x, row.dtypes ?? floats);
  const { engine, shape, dtype } = x;
  const y = mapElements(engine, {
    label: name,
    expression: row.value,
    dtype,
    operands: { x, ...parameters },
    shape,
    ...(row.result && { resultDtype: row.result }),
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

// Operations of one argument; f32 unless said.

/** −x; f32 or i32. */
export function neg(x: Tensor): Tensor {
  return unary("neg", x);
}

/** |x|; f32 or i32. The slope at 0 is 0. */
export function abs(x: Tensor): Tensor {
  return unary("abs", x);
}

/** −1, 0 or 1; f32 or i32. No gradient passes. */
export function sign(x: Tensor): Tensor {
  return unary("sign", x);
}

/** eˣ. */
export function exp(x: Tensor): Tensor {
  return unary("exp", x);
}

/** eˣ − 1, accurate also near 0. */
export function expm1(x: Tensor): Tensor {
  return unary("expm1", x);
}

/** Natural logarithm; near 1 it has WGSL's absolute accuracy only, see {@link log1p}. */
export function log(x: Tensor): Tensor {
  return unary("log", x);
}

/** ln(1 + x), accurate also near 0. */
export function log1p(x: Tensor): Tensor {
  return unary("log1p", x);
}

/** √x. */
export function sqrt(x: Tensor): Tensor {
  return unary("sqrt", x);
}

/** 1/√x. */
export function rsqrt(x: Tensor): Tensor {
  return unary("rsqrt", x);
}

/** x²; any dtype. */
export function square(x: Tensor): Tensor {
  return unary("square", x);
}

/** 1/x. */
export function reciprocal(x: Tensor): Tensor {
  return unary("reciprocal", x);
}

/** Sine of x in radians; for |x| beyond π as accurate as the adapter's own. */
export function sin(x: Tensor): Tensor {
  return unary("sin", x);
}

/** Cosine of x in radians; for |x| beyond π as accurate as the adapter's own. */
export function cos(x: Tensor): Tensor {
  return unary("cos", x);
}

/** Hyperbolic tangent, accurate also near 0. */
export function tanh(x: Tensor): Tensor {
  return unary("tanh", x);
}

/** 1 / (1 + e⁻ˣ). */
export function sigmoid(x: Tensor): Tensor {
  return unary("sigmoid", x);
}

/** ln(1 + eˣ), without overflow. */
export function softplus(x: Tensor): Tensor {
  return unary("softplus", x);
}

/** max(x, 0); f32 or i32. The slope at 0 is 0. */
export function relu(x: Tensor): Tensor {
  return unary("relu", x);
}

/** x where it is positive, else slope · x. */
export function leakyRelu(x: Tensor, slope = 0.01): Tensor {
  requireNumber("leakyRelu", "slope", slope);
  return unary("leakyRelu", x, { slope });
}

/** x · sigmoid(x), also called swish. */
export function silu(x: Tensor): Tensor {
  return unary("silu", x);
}

/** Gaussian error linear unit, by its usual tanh form (Hendrycks and Gimpel 2016). */
export function gelu(x: Tensor): Tensor {
  return unary("gelu", x);
}

/** The largest whole number that is not above x. No gradient passes. */
export function floor(x: Tensor): Tensor {
  return unary("floor", x);
}

/** The smallest whole number that is not below x. No gradient passes. */
export function ceil(x: Tensor): Tensor {
  return unary("ceil", x);
}

/** The nearest whole number, halves to the even one. No gradient passes. */
export function round(x: Tensor): Tensor {
  return unary("round", x);
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
  return unary("clamp", x, { low, high });
}

/** 1 where x is 0, else 0; any dtype, f32 comes out. No gradient passes. */
export function logicalNot(x: Tensor): Tensor {
  return unary("logicalNot", x);
}
