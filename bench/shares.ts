/** How near a row comes to what the adapter can do. */

import type { Quantity } from "./benchmark.js";
import type { TimedRow } from "./results.js";

/** The largest of a row's shares: the roof above it. Null where the run has no ceiling for what it does. */
export function bestShare(row: TimedRow): { readonly share: number; readonly quantity: Quantity } | null {
  const shares = row.rates.flatMap(({ share, quantity }) =>
    share === null || quantity === row.ceiling ? [] : [{ share, quantity }],
  );
  return shares.sort((a, b) => b.share - a.share)[0] ?? null;
}
