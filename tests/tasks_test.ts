/**
 * The tasks for developers tell what they take, and refuse what they do not take in a line.
 *
 * @module
 */
import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { wholeNumber } from "./support/task_options.ts";

const ROOT = new URL("../", import.meta.url);

/** Each with the file it runs, and what makes no sense to it with what is said of that. */
const TASKS: [name: string, main: string, wrong: [arg: string, says: RegExp][]][] = [
  ["demo", "examples/demo/main.ts", [
    ["--quick=no", /^Option '--quick' does not take/],
    ["quick", /^Unexpected argument 'quick'/],
  ]],
  ["bench", "tests/bench/main.ts", [["--rounds=0", /^--rounds must be a whole number from 1/]]],
  ["simulate", "tests/simulation/main.ts", [
    ["--seeds=0", /^--seeds must be a whole number from 1/],
    ["--seed=", /^--seed must be a whole number from 0/],
    ["--seeds --cost", /^Option '--seeds' argument is ambiguous/],
  ]],
  ["evaluate", "tests/evaluation/main.ts", [
    ["--seeds=0", /^--seeds must be a whole number from 1/],
  ]],
];

interface Ended {
  code: number;
  out: string;
  err: string;
}

async function run(main: string, args: string): Promise<Ended> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--cached-only", main, ...args.split(" ")],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

for (const [name, main, wrong] of TASKS) {
  Deno.test(`deno task ${name} tells its usage, and refuses what it does not take in one line`, async () => {
    const refusals: typeof wrong = [["--frobnicate", /--frobnicate/], ...wrong];
    const [asked, ...refused] = await Promise.all([
      run(main, "--help"),
      ...refusals.map(([args]) => run(main, args)),
    ]);
    assertEquals([asked.code, asked.err], [0, ""]);
    assertMatch(asked.out, new RegExp(`^deno task ${name} `));
    for (const [i, { code, out, err }] of refused.entries()) {
      assertEquals([code, out], [2, ""], err);
      assertMatch(err, refusals[i]![1]);
      assertMatch(err, /^[^\n]+\n$/);
    }
  });
}

Deno.test("a whole number is written in digits, and is not below the least", () => {
  assertEquals(["1", "007", "9007199254740991"].map((text) => wholeNumber("n", text, 1)), [
    1,
    7,
    Number.MAX_SAFE_INTEGER,
  ]);
  for (const text of ["", " ", "0", "-1", "+1", "1.0", "1e3", "0x10", "9007199254740992"]) {
    const says = `--n must be a whole number from 1: current value is '${text}'`;
    assertThrows(() => wholeNumber("n", text, 1), RangeError, says);
  }
});
