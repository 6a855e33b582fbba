import { categorical, defineSolver, ImleError, type Pass, solve, type Strategy } from "webgpu-imle";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { testEngine } from "./support/engine.js";

const engine = await testEngine();
const test = suite("errors in a solver's WGSL");

const fine = "fn solve() {\n  emit(0u, 1);\n}";
const [scan] = categorical().strategies.lane as readonly Pass[];
const scanText = scan!.wgsl as string;
const onThirdLine = "fn solve() {\n  let fine = 1;\n  emit(0u, nowhere);\n}";

interface Mistake {
  readonly strategies: Partial<Record<Strategy, readonly Pass[]>>;
  readonly place: string;
  readonly source: string;
}

/** Texts that do not compile, and where it must be said. */
const mistakes: Readonly<Record<string, Mistake>> = {
  "a name that does not exist": {
    strategies: { lane: [{ wgsl: onThirdLine }] },
    place: "mine (lane):3",
    source: "emit(0u, nowhere);",
  },
  "a function beside solve": {
    strategies: { lane: [{ wgsl: "fn twice(x: f32) -> f32 {\n  return 2u * x;\n}\nfn solve() { emit(0u, i32(twice(weight(0u)))); }" }] },
    place: "mine (lane):2",
    source: "return 2u * x;",
  },
  "the second of several passes": {
    strategies: { lane: [{ wgsl: fine }, { wgsl: onThirdLine }, { wgsl: fine }] },
    place: "mine (lane, pass 2):3",
    source: "emit(0u, nowhere);",
  },
  "text that is a function of the shape": {
    strategies: { lane: [{ wgsl: ([n]) => `const N = ${n};\n\n${onThirdLine}` }] },
    place: "mine (lane):5",
    source: "emit(0u, nowhere);",
  },
  "a workgroup's text, after an import": {
    strategies: { workgroup: [{ wgsl: "#import keys\nfn solve(lane: u32) {\n  emit(0u, ordered_key(weight(0u)));\n}" }] },
    place: "mine (workgroup):3",
    source: "emit(0u, ordered_key(weight(0u)));",
  },
  "a type that does not fit": {
    strategies: { lane: [{ wgsl: "fn solve() {\n  // a comment\n  var sum = 0.0;\n  sum += 1u;\n  emit(0u, 1);\n}" }] },
    place: "mine (lane):4",
    source: "sum += 1u;",
  },
  "the text of a file": {
    strategies: { lane: [{ wgsl: "const A = 1;\n//@ mine/half.wgsl\n\nfn half() -> f32 {\n  return 1u;\n}\n//@\nfn solve() {}" }] },
    place: "mine/half.wgsl:3",
    source: "return 1u;",
  },
  "what follows the text of a file": {
    strategies: { lane: [{ wgsl: `//@ mine/one.wgsl\nfn one() {\n}\n//@\n${onThirdLine}` }] },
    place: "mine (lane):3",
    source: "emit(0u, nowhere);",
  },
  "the text of a solver of the library": {
    strategies: { lane: [{ wgsl: scanText.replace("let lane = vec4u(0u, 1u, 2u, 3u);", "let lane = nowhere;") }] },
    place: "solvers/categorical/scan.wgsl:13",
    source: "let lane = nowhere;",
  },
  "syntax that is none": {
    strategies: { lane: [{ wgsl: "fn solve() {\n  let x = ;\n}" }] },
    place: "mine (lane):2",
    source: "let x = ;",
  },
};

for (const [what, { strategies, place, source }] of Object.entries(mistakes)) {
  test(`${what} is reported with the author's own line`, async () => {
    const solver = defineSolver({ name: "mine", sense: "max", strategies });
    for (const attempt of [() => engine.prepare(solver, [[1, 2]]), () => solve(solver, engine.zeros([1, 2])).read()]) {
      try {
        await attempt();
        assert.unreachable("it must reject");
      } catch (error) {
        assert.instance(error, ImleError);
        const { code, message } = error as ImleError;
        assert.is(code, "wgsl");
        assert.ok(message.includes(`${place}: `), message);
        assert.ok(message.includes(source), message);
      }
    }
    assert.equal([...(await engine.ones([2]).read())], [1, 1], "the engine goes on");
  });
}

test("a solve with another signature says which one is wanted", async () => {
  const solver = defineSolver({ name: "mine", sense: "max", strategies: { workgroup: [{ wgsl: "fn solve() {}" }] } });
  try {
    await engine.prepare(solver, [[1, 2]]);
    assert.unreachable("it must reject");
  } catch (error) {
    assert.match((error as ImleError).fix, /fn solve\(lane: u32\) for a workgroup/);
  }
});

test.run();
