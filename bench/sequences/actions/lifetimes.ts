/** Scopes and disposal; what waits for the device. */

import type { World } from "../world.js";
import { type Actions } from "./action.js";
import type { Handle } from "../model.js";

function readLater(world: World, x: Handle): () => Promise<void> {
  const wanted = x.elements.values;
  const codes = world.wrongs(x);
  const reading = world.settle(codes, async () => await x.tensor.read());
  reading.catch(() => undefined); // awaited later
  return async () => {
    const got = await reading;
    if (got) world.compare("read", got, wanted);
  };
}

export const lifetimes: Actions = {
  dispose(world, picks) {
    const x = world.pick(picks);
    if (!x || x.isForeign) return;
    world.attempt([], () => x.tensor.dispose(), false);
    world.disposed(x);
  },

  keep(world, picks) {
    const x = world.pick(picks, ({ scope }) => scope !== null);
    if (!x || x.isForeign) return;
    world.attempt([], () => x.tensor.keep(), false);
    x.scope?.members.delete(x);
    x.scope = null;
  },

  openScope(world) {
    if (world.scopes.length >= 3) return;
    const scope = world.attempt([], () => world.engine.openScope(), false)!;
    world.scopes.push({ close: () => scope.close(), members: new Set() });
  },

  closeScope(world, picks) {
    if (world.scopes.length === 0) return;
    // Not always the innermost.
    const at = picks.below(3) === 0 ? picks.below(world.scopes.length) : world.scopes.length - 1;
    const [scope] = world.scopes.splice(at, 1);
    world.attempt([], () => world.closeScope(scope!), false);
  },

  scope(world, picks) {
    const values = picks.values(6);
    const throws = picks.below(4) === 0;
    const { engine } = world;
    const reason = new Error("the host's own");
    try {
      const made = world.attempt([], () =>
        engine.scope(() => {
          const x = engine.tensor(values);
          const y = x.add(1);
          engine.scope(() => void y.mul(x));
          if (throws) throw reason;
          return { y };
        }),
      );
      world.adopt(made?.y, values.map((value) => value + 1));
    } catch (error) {
      if (!throws || !String(error).includes(reason.message)) throw error;
    }
    world.attempt(["value"], () => engine.scope(async () => undefined), false);
  },

  async read(world, picks) {
    const x = world.pick(picks);
    if (x && !x.isForeign) await readLater(world, x)();
  },

  readLater(world, picks) {
    const x = world.pick(picks);
    if (x && !x.isForeign && world.pending.length < 4) world.pending.push(readLater(world, x));
  },

  async awaitReads(world) {
    for (const settle of world.pending.splice(0)) await settle();
  },

  async item(world, picks) {
    const x = world.pick(picks, ({ elements }) => elements.count === 1);
    if (!x || x.isForeign) return;
    const wanted = x.elements.values;
    const got = await world.settle([...world.wrongs(x), x.elements.count !== 1 && "shape"], () => x.tensor.item());
    if (got !== undefined) world.compare("item", [got], wanted);
  },

  async idle(world) {
    await world.settle([], () => world.engine.idle());
  },

  flush(world) {
    if (world.hosted === null) world.attempt([], () => world.engine.flush());
  },

  counts(world) {
    const { stats, memory } = world.engine;
    world.attempt([], () => [stats.call(world.engine), memory.call(world.engine)], false);
  },
};
