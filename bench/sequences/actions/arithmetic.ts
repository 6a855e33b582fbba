/** Operations with their values and gradients, in plain numbers. */

import { square, sub, type Tensor } from "webgpu-imle";
import { broadcast, type Handle, known, type Node, placesIn, summedTo } from "../model.js";
import type { World } from "../world.js";
import { type Actions, sameShape, sizeOf } from "./action.js";

type Values = readonly number[] | null;

interface Binary {
  readonly run: (a: Tensor, b: Tensor) => Tensor;
  readonly value: (a: number, b: number) => number;
  readonly gradients: readonly [(a: number, b: number) => number, (a: number, b: number) => number];
  readonly keepsInputs: boolean;
}

const binaries: readonly Binary[] = [
  { run: (a, b) => a.add(b), value: (a, b) => a + b, gradients: [() => 1, () => 1], keepsInputs: false },
  { run: (a, b) => sub(a, b), value: (a, b) => a - b, gradients: [() => 1, () => -1], keepsInputs: false },
  { run: (a, b) => a.mul(b), value: (a, b) => a * b, gradients: [(_, b) => b, (a) => a], keepsInputs: true },
];

/** A node of an operation on these inputs; none where no gradient is asked for. */
export function nodeOf(
  inputs: readonly Handle[],
  backward: Node["backward"],
  { mayKeep = [], hidden = 0 }: { mayKeep?: Node["mayKeep"]; hidden?: number } = {},
): { node?: Node } {
  if (!inputs.some(({ requiresGrad }) => requiresGrad)) return {};
  return { node: { inputs, sources: inputs.map(({ node }) => node), mayKeep, hidden, backward, consumed: false } };
}

/** What two operands must have in common. */
function operandErrors(world: World, a: Handle, b: Handle): string[] {
  const bothOwn = a.dtype === b.dtype ? [] : ["dtype"];
  const shapes = broadcast(a.shape, b.shape) ? [] : ["shape"];
  const engines = a.isForeign === b.isForeign ? [] : ["engine"];
  const alive = [a, b].flatMap((one) => world.wrongs(one).filter((code) => code !== "engine"));
  return [...alive, ...bothOwn, ...shapes, ...engines];
}

/** One operation of two random operands. */
export const binary: Actions[string] = (world, picks) => {
  const a = world.pick(picks, ({ dtype }) => dtype === "f32");
  const b = picks.below(6) === 0 ? a : world.pick(picks, ({ dtype }) => dtype === "f32");
  if (!a || !b || (a.isForeign && b.isForeign)) return;
  const { run, value, gradients, keepsInputs } = picks.of(binaries);
  const made = world.attempt(operandErrors(world, a, b), () => run(a.tensor, b.tensor));
  if (!made) return;
  const shape = broadcast(a.shape, b.shape)!;
  const places = [placesIn(a.shape, shape), placesIn(b.shape, shape)] as const;
  const of = (calculate: (a: number, b: number) => number): Values => {
    const [left, right] = [a.elements.values, b.elements.values];
    if (!left || !right) return null;
    return known(Array.from({ length: sizeOf(shape) }, (_, i) => calculate(left[places[0][i]!]!, right[places[1][i]!]!)));
  };
  const backward = (dy: Values): Values[] =>
    [a, b].map((input, side) => {
      const slopes = of(gradients[side]!);
      return dy && slopes && summedTo(input.shape, slopes.map((slope, i) => slope * dy[i]!), places[side]!);
    });
  const isWhole = a.dtype === "i32";
  const node = nodeOf([a, b], backward, { mayKeep: keepsInputs ? [a.elements, b.elements] : [] });
  world.adopt(made, isWhole ? of(value) : of(value), node);
};

export const arithmetic: Actions = {
  binary,
  binaryAgain: binary,

  half(world, picks) {
    const x = world.pick(picks, ({ dtype }) => dtype === "f32");
    if (!x || x.isForeign) return;
    const made = world.attempt([...world.wrongs(x), x.dtype !== "f32" && "value"], () => x.tensor.mul(0.5));
    const halved = (values: Values): Values => values && values.map((value) => value / 2);
    world.adopt(made, halved(x.elements.values), nodeOf([x], (dy) => [halved(dy)]));
  },

  square(world, picks) {
    const x = world.pick(picks, ({ dtype }) => dtype === "f32");
    if (!x || x.isForeign) return;
    const { elements } = x;
    const made = world.attempt(world.wrongs(x), () => square(x.tensor));
    const { values } = elements;
    const backward = (dy: Values): Values[] => [
      dy && elements.values && known(elements.values.map((value, i) => 2 * value * dy[i]!)),
    ];
    world.adopt(made, values && known(values.map((value) => value * value)), nodeOf([x], backward, { mayKeep: [elements] }));
  },

  sum(world, picks) {
    const x = world.pick(picks, ({ dtype }) => dtype === "f32");
    if (!x || x.isForeign) return;
    const { values, count } = x.elements;
    const made = world.attempt(world.wrongs(x), () => x.tensor.sum());
    const total = values && known([values.reduce((a, b) => a + b, 0)]);
    world.adopt(made, total, nodeOf([x], (dy) => [dy && new Array<number>(count).fill(dy[0]!)]));
  },

  reshape(world, picks) {
    const x = world.pick(picks);
    if (!x || x.isForeign) return;
    const shape = picks.of([[6], [3, 2], [-1], [1, 6], [7]]);
    const fits = shape.includes(-1) || sizeOf(shape) === x.elements.count;
    const made = world.attempt([...world.wrongs(x), !fits && "shape"], () => x.tensor.reshape(shape), world.ended !== null);
    world.adopt(made, null, { elements: x.elements, ...nodeOf([x], (dy) => [dy]) });
  },

  transpose(world, picks) {
    const x = world.pick(picks, ({ shape }) => shape.length === 2);
    if (!x || x.isForeign) return;
    const made = world.attempt([...world.wrongs(x), x.shape.length < 2 && "shape"], () => x.tensor.transpose());
    if (!made) return;
    const [rows, columns] = x.shape as [number, number];
    const swapped = (values: Values, height: number, width: number): Values =>
      values && Array.from({ length: height * width }, (_, i) => values[(i % height) * width + Math.floor(i / height)]!);
    world.adopt(made, swapped(x.elements.values, rows, columns), nodeOf([x], (dy) => [swapped(dy, columns, rows)]));
  },

  matmul(world, picks) {
    const [a, b] = [0, 1].map(() => world.pick(picks, ({ shape, dtype }) => shape.length === 2 && dtype === "f32"));
    if (!a || !b || a.isForeign) return;
    const fits = a.shape.length === 2 && b.shape.length === 2 && a.shape[1] === b.shape[0];
    const dtypes = a.dtype === "f32" && b.dtype === "f32";
    const codes = [...world.wrongs(a, b), !fits && "shape", !dtypes && "dtype"];
    const made = world.attempt(codes, () => a.tensor.matmul(b.tensor));
    if (!made) return;
    const [rows, inner] = a.shape as [number, number];
    const columns = b.shape[1]!;
    const product = (size: number, length: number, width: number, of: (i: number, k: number, j: number) => number): Values =>
      known(
        Array.from({ length: size * width }, (_, at) => {
          const [i, j] = [Math.floor(at / width), at % width];
          return Array.from({ length }, (_, k) => of(i, k, j)).reduce((sum, one) => sum + one, 0);
        }),
      );
    const { values: left } = a.elements;
    const { values: right } = b.elements;
    const y = left && right && product(rows, inner, columns, (i, k, j) => left[i * inner + k]! * right[k * columns + j]!);
    const backward = (dy: Values): Values[] => {
      const { values: left } = a.elements;
      const { values: right } = b.elements;
      return [
        dy && right && product(rows, columns, inner, (i, k, j) => dy[i * columns + k]! * right[j * columns + k]!),
        dy && left && product(inner, rows, columns, (i, k, j) => left[k * inner + i]! * dy[k * columns + j]!),
      ];
    };
    world.adopt(made, y, nodeOf([a, b], backward, { mayKeep: [a.elements, b.elements] }));
  },

  write(world, picks) {
    const x = world.pick(picks, ({ dtype }) => dtype === "f32");
    if (!x || x.isForeign) return;
    const isLong = picks.below(8) === 0;
    const values = picks.values(x.elements.count + (isLong ? 1 : 0));
    const codes = [...world.wrongs(x), x.dtype !== "f32" && "dtype", isLong && "shape"];
    const isEmpty = values.length === 0 && codes.every((code) => code === false);
    if (isEmpty) return;
    const before = world.tally.refused;
    world.attempt(codes, () => x.tensor.write(Float32Array.from(values)));
    if (world.tally.refused === before) x.elements.values = values;
  },

  writeTensor(world, picks) {
    const [x, from] = [0, 1].map(() => world.pick(picks, ({ dtype }) => dtype === "f32"));
    if (!x || !from || x.isForeign) return;
    const fits = sameShape(x.shape, from.shape) && x.dtype === from.dtype;
    const codes = [...world.wrongs(x, from), !fits && "shape"];
    const isNothing = codes.every((code) => code === false) && (x.elements === from.elements || x.elements.count === 0);
    if (isNothing) return;
    const before = world.tally.refused;
    world.attempt(codes, () => x.tensor.write(from.tensor));
    if (world.tally.refused === before) x.elements.values = from.elements.values;
  },
};
