/**
 * The tasks for developers tell what they take, and refuse what they do not take in a line.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";

const ROOT = new URL("../", import.meta.url);

/** Each with the file it runs, an option with a wrong value, and what is said of that. */
const TASKS: [name: string, main: string, wrong: string, says: RegExp][] = [
  ["bench", "tests/bench/main.ts", "--rounds=0", /^--rounds must be a whole number from 1/],
  ["simulate", "tests/simulation/main.ts", "--seeds=few", /^--seeds must be a whole number from 0/],
  ["evaluate", "tests/evaluation/main.ts", "--seeds=0", /^--seeds must be a whole number from 1/],
];

async function run(main: string, arg: string): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "--cached-only", main, arg],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

for (const [name, main, wrong, says] of TASKS) {
  Deno.test(`deno task ${name} tells its usage, and refuses what it does not take in one line`, async () => {
    const [asked, unknown, refused] = await Promise.all(
      ["--help", "--frobnicate", wrong].map((arg) => run(main, arg)),
    );
    assertEquals([asked?.code, asked?.err], [0, ""]);
    assertMatch(asked!.out, new RegExp(`^deno task ${name} `));
    assertEquals([unknown?.code, unknown?.out], [2, ""]);
    assertMatch(unknown!.err, /^[^\n]*--frobnicate[^\n]*\n$/);
    assertEquals([refused?.code, refused?.out], [2, ""]);
    assertMatch(refused!.err, says);
    assertEquals(refused!.err.trim().split("\n").length, 1);
  });
}
