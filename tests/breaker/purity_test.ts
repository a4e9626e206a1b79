/**
 * The machine and the rules of pacing are pure: nothing below src/breaker and src/pacing reads a clock, draws
 * chance, waits or reaches outside.
 *
 * @module
 */
import { assertEquals, assertGreater } from "@std/assert";
import { importsOf, sourceFiles } from "../support/imports.ts";

const SRC = new URL("../../src/", import.meta.url);
const BREAKER = new URL("breaker/", SRC);
const PACING = new URL("pacing/", SRC);

/** Whole words: `resetTimeoutMs` is a name of the contract. */
const IMPURE = [
  /\bDate\.now\b/,
  /\bnew Date\(\s*\)/,
  /\bMath\.random\b/,
  /\bsetTimeout\b/,
  /\bsetInterval\b/,
  /\bqueueMicrotask\b/,
  /\bawait\b/,
  /\basync\b/,
  /\bperformance\./,
  /\bcrypto\./,
  /\bDeno\./,
  /\bprocess\./,
];

Deno.test("the folder of the machine is where this test looks", () => {
  const names = sourceFiles(BREAKER).map(({ href }) => href.slice(BREAKER.href.length));
  assertGreater(names.length, 8);
  assertEquals(names.includes("machine.ts"), true);
});

for (const file of [...sourceFiles(BREAKER), ...sourceFiles(PACING)]) {
  const name = file.href.slice(SRC.href.length);

  Deno.test(`${name} reads no clock, draws no chance and waits for nothing`, () => {
    const lines = Deno.readTextFileSync(file).split("\n");
    const found = lines.flatMap((line, i) =>
      IMPURE.filter((word) => word.test(line)).map((word) => `${name}:${i + 1}: ${word.source}`)
    );
    assertEquals(found, []);
  });

  Deno.test(`${name} imports nothing from outside its folder and the machine's`, () => {
    const own = new URL(".", file).href;
    const outside = importsOf(file)
      .filter(({ file }) => !file?.href.startsWith(own) && !file?.href.startsWith(BREAKER.href))
      .map(({ specifier }) => specifier);
    assertEquals(outside, []);
  });
}
