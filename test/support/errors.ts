import * as assert from "uvu/assert";
import { ImleError } from "webgpu-imle";

/** The call throws an ImleError of this code, whose message fits and which says what to do. */
export function refused(run: () => unknown, code: string, message: RegExp): void {
  let error: unknown;
  try {
    run();
  } catch (thrown) {
    error = thrown;
  }
  expectError(error, code, message);
}

/** The same of a promise that must reject. */
export async function rejected(promise: Promise<unknown>, code: string, message: RegExp): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expectError(error, code, message);
}

function expectError(error: unknown, code: string, message: RegExp): void {
  assert.ok(error !== undefined, `an ImleError of code ${code} was expected, and nothing was thrown`);
  if (!(error instanceof ImleError)) throw error;
  assert.is(error.code, code, error.message);
  assert.match(error.message, message);
  assert.ok(error.fix.length > 10);
}
