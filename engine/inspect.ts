/** The methods by which Node's and Deno's consoles ask an object for its text. */
export const nodeInspect: unique symbol = Symbol.for("nodejs.util.inspect.custom") as never;
export const denoInspect: unique symbol = Symbol.for("Deno.customInspect") as never;
