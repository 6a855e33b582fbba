/** The host's own buffers and encoders, good and bad ones. */

import { Elements } from "../model.js";
import { type Actions, sizeOf } from "./action.js";
import { binary } from "./arithmetic.js";
import { training } from "./training.js";

const usage = { copySource: 0x4, copyDestination: 0x8, storage: 0x80 };
const anyUse = usage.storage | usage.copySource | usage.copyDestination;

export const hosts: Actions = {
  wrap(world, picks) {
    if (world.ended !== null) return;
    const buffer = world.device.createBuffer({ size: 512, usage: anyUse });
    world.buffers.push(buffer);
    const values = picks.values(6);
    const offset = picks.of([0, 256]);
    world.device.queue.writeBuffer(buffer, offset, Float32Array.from(values));
    const requiresGrad = picks.below(4) === 0;
    const made = world.attempt([], () => world.engine.wrap(buffer, [2, 3], { offset, requiresGrad }), false);
    world.adopt(made, values, { elements: new Elements(6, values, false), requiresGrad });
  },

  refusedWrap(world, picks) {
    if (world.ended !== null) return;
    const storage = world.device.createBuffer({ size: 64, usage: anyUse });
    const other = world.device.createBuffer({ size: 64, usage: usage.copyDestination });
    world.buffers.push(storage, other);
    const { engine } = world;
    const run = picks.of<() => unknown>([
      () => engine.wrap(other, [2]),
      () => engine.wrap(storage, [17]),
      () => engine.wrap(storage, [2], { offset: 8 }),
      () => engine.wrap({} as never, [2]),
    ]);
    world.attempt(["buffer"], run, false);
  },

  async copyTo(world, picks) {
    const x = world.pick(picks, ({ elements }) => elements.count > 0);
    if (!x || x.isForeign || x.elements.count === 0 || world.ended !== null) return;
    const fits = picks.below(4) > 0;
    const buffer = world.device.createBuffer({ size: fits ? 1536 : 4 * (x.elements.count - 1), usage: anyUse });
    world.buffers.push(buffer);
    const { values, count } = x.elements;
    const before = world.tally.refused;
    world.attempt([...world.wrongs(x), !fits && "buffer"], () => x.tensor.copyTo(buffer));
    if (world.tally.refused !== before) return;
    const copied = world.attempt([], () => world.engine.wrap(buffer, [count], { dtype: x.dtype }), false);
    world.adopt(copied, values, { elements: new Elements(count, values, false) });
  },

  /** The host copies by itself, from the tensor's own buffer and behind a flush. */
  submitOfItsOwn(world, picks) {
    const x = world.pick(picks, ({ elements }) => elements.count > 0);
    if (!x || x.isForeign || x.elements.count === 0 || world.ended !== null || world.hosted !== null) return;
    const place = world.attempt(world.wrongs(x), () => x.tensor.gpu);
    if (!place) return;
    world.attempt([], () => world.engine.flush());
    const { values, count } = x.elements;
    const buffer = world.device.createBuffer({ size: 4 * count, usage: anyUse });
    world.buffers.push(buffer);
    const encoder = world.device.createCommandEncoder();
    encoder.copyBufferToBuffer(place.buffer, place.offset, buffer, 0, 4 * count);
    world.device.queue.submit([encoder.finish()]);
    const copied = world.attempt([], () => world.engine.wrap(buffer, [count], { dtype: x.dtype }), false);
    world.adopt(copied, values, { elements: new Elements(count, values, false) });
  },

  /** What a destroyed buffer goes into throws from then on; all else is as it was. */
  async spoil(world, picks) {
    if (world.ended !== null || world.hosted !== null) return;
    const { device, engine } = world;
    await world.settle([], () => engine.idle());
    // The host's own buffer, or one of the engine's, which must not go to another tensor then.
    const [x, buffer] = world.attempt([], () => {
      if (picks.below(2) === 0) {
        const buffer = device.createBuffer({ size: 64, usage: anyUse });
        return [engine.wrap(buffer, [2, 3]), buffer] as const;
      }
      const made = engine.ones([2, 3]);
      engine.flush();
      return [made, made.gpu.buffer] as const;
    })!;
    buffer.destroy();
    const first = world.attempt([], () => x.add(1))!;
    const second = picks.below(2) === 0 ? world.attempt([], () => first.mul(2)) : undefined;
    x.dispose();
    const wait = picks.below(2) === 0 ? () => world.engine.idle() : () => first.read().then(() => undefined);
    await world.settle(["buffer"], wait);
    for (const made of [first, second]) world.adopt(made, null, { spoilt: "buffer" });
    await world.settle([], () => world.engine.idle());
  },

  record(world, picks) {
    if (world.hosted !== null || world.ended !== null) return;
    world.record(() => {
      for (let i = picks.below(4); i > 0; i--) void binary(world, picks);
      if (picks.below(2) === 0) void training.replay!(world, picks);
    });
  },

  refusedRecord(world, picks) {
    if (world.hosted !== null || world.ended !== null) return;
    const encoder = world.device.createCommandEncoder();
    const { engine } = world;
    const [code, run] = picks.of<readonly [string, () => unknown]>([
      ["value", () => engine.record({} as never, () => 0)],
      ["value", () => engine.record(encoder, async () => 0)],
      ["engine", () => engine.record(encoder, () => engine.record(encoder, () => 0))],
    ]);
    world.attempt([code], run);
    world.attempt([], () => engine.submitted());
  },

  submit: (world) => world.submit(),
  submitLater: (world) => world.submit(),

  submittedWithoutWork(world) {
    if (world.hosted === null) world.attempt([], () => world.engine.submitted());
  },

  sizes(world, picks) {
    const x = world.pick(picks);
    if (!x || x.isForeign) return;
    const place = world.attempt(world.wrongs(x), () => x.tensor.gpu, world.ended !== null);
    if (place && place.size !== 4 * sizeOf(x.shape)) throw new Error(`gpu.size is ${place.size}`);
  },
};
