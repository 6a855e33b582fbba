import source from "../../kernels/check-finite.wgsl";
import { holdsVectors } from "../commands.js";
import { constants, type Piece } from "../compose.js";
import type { Engine } from "../engine.js";
import { formatValue, ImleError, must } from "../error.js";
import type { StatusReport } from "../status.js";
import type { Tensor } from "../tensor.js";
import { requireTensor } from "./arguments.js";

const lanes = 64;
/** A status word's code has 8 bits; later names share the last one. */
const mostNames = 255;
const namesOf = new WeakMap<Engine, string[]>();

/**
 * x itself, of which the device looks at every element: where one is NaN or infinite, the next `read`, `item` or `idle`
 * rejects with the code `non-finite`, naming the tensor and the first such element. Nothing waits, no gradient changes.
 *
 * @param x f32
 * @param name what the error calls it; the tensor's label by default
 * @example const loss = checkFinite(crossEntropy(logits, classes), "the loss");
 */
export function checkFinite(x: Tensor, name?: string): Tensor {
  requireTensor("checkFinite", "x", x, ["f32"]);
  const called = name === undefined ? x.label : name;
  must(
    typeof called === "string",
    "value",
    () => `checkFinite: name must be a text, got ${formatValue(name)}`,
    "Leave it out to use the tensor's label.",
  );
  const { engine, size } = x;
  const slice = x.slice("checkFinite");
  const isVector = holdsVectors(slice);
  const count = isVector ? Math.ceil(size / 4) : size;
  engine.dispatch({
    kernel: engine.kernel(`check-finite:${isVector}`, () => [
      constants({ LANES: lanes }),
      isVector ? vectors : scalars,
      { name: "kernels/check-finite.wgsl", text: source },
    ]),
    buffers: { x: slice, status: engine.status.slice() },
    uniforms: { count, size, ...placeOf(engine, called) },
    workgroups: Math.ceil(count / lanes),
  });
  return x;
}

function placeOf(engine: Engine, name: string): { code: number; status_word: number } {
  const names = namesOf.get(engine) ?? [];
  namesOf.set(engine, names);
  const index = names.includes(name) ? names.indexOf(name) : Math.min(names.length, mostNames - 1);
  if (index === names.length) names.push(name);
  else if (names[index] !== name) names[index] = "a tensor";
  const describe = ({ code, instance }: StatusReport): ImleError =>
    new ImleError(
      "non-finite",
      `checkFinite: every element of ${names[code - 1]} must be finite, got NaN or infinity at element ` +
        (instance === 0xffffff ? "16,777,215 or later" : String(instance)),
      "Check what it was computed from: divisions, logarithms, a learning rate that is too high.",
    );
  return { code: index + 1, status_word: engine.status.reserve(checkFinite, describe) };
}

/** Where an element without a finite exponent lies, else a place beyond all. */
const vectors: Piece = {
  name: "vectors",
  text: /* @__PURE__ */ [
    "alias T = vec4u;",
    "fn first_unlike(bits: vec4u, i: u32) -> u32 {",
    "  let exponents = bits & vec4u(0x7f800000u);",
    "  let own = 4u * i + vec4u(0u, 1u, 2u, 3u);",
    "  let places = select(vec4u(0xffffffffu), own, exponents == vec4u(0x7f800000u));",
    "  return min(min(places.x, places.y), min(places.z, places.w));",
    "}",
  ].join("\n"),
};
const scalars: Piece = {
  name: "scalars",
  text: /* @__PURE__ */ [
    "alias T = u32;",
    "fn first_unlike(bits: u32, i: u32) -> u32 {",
    "  return select(0xffffffffu, i, (bits & 0x7f800000u) == 0x7f800000u);",
    "}",
  ].join("\n"),
};
