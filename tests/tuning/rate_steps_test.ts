/**
 * Steps of a rate, by hand: how much slower or faster, and in which words.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { boundedRate, callsPerSecond, rateOf, scaledRate } from "../../src/tuning/rate_steps.ts";

Deno.test.each([
  ["10/s", "8/s"],
  ["10/s,1000/h", "8/s,800/h"],
  ["1/3s", "1/4s"],
  ["3/s", "7/3s"],
  ["1/s", "3/4s"],
  ["1/m", "1/75s"],
  ["1/d", "1/30h"],
])("four fifths of %s are %s", (rate, expected) => {
  assertEquals(scaledRate(rate, 0.8), expected);
});

Deno.test("no step of a rate is larger than asked for, nor much smaller", () => {
  for (let count = 1; count <= 40; count++) {
    for (let periodS = 1; periodS <= 40; periodS++) {
      for (const factor of [0.8, 1.25]) {
        const rate = `${count}/${periodS}s`;
        const ratio = callsPerSecond(scaledRate(rate, factor)!)! / callsPerSecond(rate)!;
        assert(ratio <= factor + 1e-9 && ratio >= factor * 0.9374, `${rate} times ${factor}`);
      }
    }
  }
});

Deno.test("a rate of so many calls a second is written with few calls at once", () => {
  const rates = [0.26, 0.9, 2.4, 13.7, 0.01].map(rateOf);
  assertEquals(rates, ["1/4s", "6/7s", "7/3s", "13/s", "1/100s"]);
  for (const none of [0, NaN, 1e-9, 1e9]) assertEquals(rateOf(none), undefined);
});

Deno.test("what is no rate is not scaled", () => {
  for (const text of ["", "10", "0/s", "10/w", "10/s,,", "10/s,5/s"]) {
    assertEquals(scaledRate(text, 0.8), undefined, text);
    assertEquals(callsPerSecond(text), undefined, text);
    assertEquals(boundedRate(text, "10/s", 0.25), undefined, text);
  }
});

Deno.test("limits that would fall into one are not scaled", () => {
  assertEquals(scaledRate("1/3s,10/4s", 0.8), undefined);
});

Deno.test("a step of up to a quarter is taken as it is, a larger one cut to that", () => {
  assertEquals(boundedRate("15/2s", "10/s", 0.25), "15/2s");
  assertEquals(boundedRate("7/s", "10/s", 0.25), "8/s");
  assertEquals(boundedRate("25/2s", "10/s", 0.25), "25/2s");
  assertEquals(boundedRate("13/s", "10/s", 0.25), "12/s");
});
