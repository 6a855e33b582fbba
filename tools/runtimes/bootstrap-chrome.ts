/** Starts a program in a page of Chrome. */

import { describeError, encodeEvent } from "./host.js";
import { runSession } from "./bootstrap.js";

addEventListener("error", (event) => {
  console.log(encodeEvent({ type: "error", error: describeError(event.error ?? event.message) }));
});
addEventListener("unhandledrejection", (event) => {
  console.log(encodeEvent({ type: "error", error: describeError(event.reason) }));
});

const version = /Chrome\/(\d+)/.exec(navigator.userAgent)?.[1] ?? "";
const load = (program: string) => import(new URL(`./${program}.js`, import.meta.url).href);
void runSession("chrome", `Chrome ${version} (Dawn)`, location.origin, load);
