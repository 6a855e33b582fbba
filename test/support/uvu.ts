/**
 * uvu as the tests see it: the same, and each test says when it starts, how it ended, and ends in bounded time.
 *
 * The build puts this in the place of `uvu` for test files. uvu itself only reports whole suites, waits forever for a
 * test that hangs, and keeps an error thrown by a `before` hook to itself.
 */

import "./defer.js";
import * as uvu from "uvu";
import type { Context, Test } from "uvu";

export type { Context, Test } from "uvu";

export interface TestReport {
  readonly type: "test-started" | "test-passed" | "test-failed";
  readonly suite: string;
  readonly test: string;
}

interface Reporting {
  report: (report: TestReport) => void;
  timeoutMilliseconds: number;
}

const reporting: Reporting = { report: () => {}, timeoutMilliseconds: 60_000 };

/** Called by the runner, before it imports test files. */
export function reportTests(options: Reporting): void {
  Object.assign(reporting, options);
}

type Handler<T> = (context: T) => unknown;

async function inBoundedTime<T>(handler: Handler<T>, context: T, what: string): Promise<void> {
  const { timeoutMilliseconds } = reporting;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    const message = `${what} must end within ${timeoutMilliseconds / 1000} s, and did not.`;
    timer = setTimeout(() => reject(new Error(message)), timeoutMilliseconds);
  });
  try {
    await Promise.race([handler(context), timeout]);
  } catch (error) {
    // uvu's own formatter reads the name and stack of whatever was thrown.
    throw error instanceof Error ? error : new Error(`thrown: ${String(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** A suite of tests, as uvu's. */
export function suite<T = Context>(name = "", state?: T): Test<T> {
  const inner = (state === undefined ? uvu.suite(name) : uvu.suite(name, state)) as Test<T>;
  let hookError: Error | null = null;

  const test = (title: string, handler: Handler<T>) => async (context: T) => {
    reporting.report({ type: "test-started", suite: name, test: title });
    try {
      if (hookError !== null) throw hookError;
      await inBoundedTime(handler, context, "the test");
    } catch (error) {
      reporting.report({ type: "test-failed", suite: name, test: title });
      throw error;
    }
    reporting.report({ type: "test-passed", suite: name, test: title });
  };
  const hook = (handler: Handler<T>, what: string) => async (context: T) => {
    reporting.report({ type: "test-started", suite: name, test: what });
    await inBoundedTime(handler, context, what);
  };
  // uvu forgets what a hook around the whole suite throws; the suite's tests fail with it instead.
  const before = (handler: Handler<T>) => async (context: T) => {
    try {
      await hook(handler, "a before hook")(context);
    } catch (error) {
      hookError = error as Error;
    }
  };
  // The last word of a suite: an error here has no test left to fail, so it is one of its own.
  const after = (handler: Handler<T>) => async (context: T) => {
    try {
      await hook(handler, "an after hook")(context);
    } catch (error) {
      afterHookErrors.push({ suite: name, error: error as Error });
    }
  };

  const wrapped = (title: string, handler: Handler<T>) => inner(title, test(title, handler) as never);
  wrapped.only = (title: string, handler: Handler<T>) => inner.only(title, test(title, handler) as never);
  wrapped.skip = inner.skip;
  wrapped.run = inner.run;
  wrapped.before = Object.assign((handler: Handler<T>) => inner.before(before(handler) as never), {
    each: (handler: Handler<T>) => inner.before.each(hook(handler, "a before.each hook") as never),
  });
  wrapped.after = Object.assign((handler: Handler<T>) => inner.after(after(handler) as never), {
    each: (handler: Handler<T>) => inner.after.each(hook(handler, "an after.each hook") as never),
  });
  return wrapped as unknown as Test<T>;
}

/** What hooks at the end of suites threw since the runner last took it. */
export const afterHookErrors: { readonly suite: string; readonly error: Error }[] = [];

export const test: Test = suite();
