/**
 * Histograms of latencies: buckets, and calls that are not timed each.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { Latencies, LATENCY_BOUNDS_MS } from "../../src/registry/latencies.ts";

Deno.test("a call falls into the bucket whose bound it does not exceed", () => {
  const latencies = new Latencies();
  for (const bound of LATENCY_BOUNDS_MS) latencies.add(bound);
  assertEquals(latencies.stats().counts, [...LATENCY_BOUNDS_MS.map(() => 1), 0]);
  latencies.add(LATENCY_BOUNDS_MS.at(-1)! + 0.001);
  assertEquals(latencies.stats().counts.at(-1), 1);
});

Deno.test("a call that is not timed counts like the last one that was", () => {
  const latencies = new Latencies();
  let timed = 0;
  for (let i = 0; i < 640; i++) {
    if (!latencies.isSampleDue) latencies.addAtOnce();
    else {
      timed++;
      latencies.sample(i < 320 ? 0.02 : 2);
    }
  }
  const { counts, sumMs } = latencies.stats();
  assertEquals(counts.reduce((sum, count) => sum + count), 640);
  assertEquals([counts[LATENCY_BOUNDS_MS.indexOf(0.05)], counts[LATENCY_BOUNDS_MS.indexOf(2.5)]], [
    320,
    320,
  ]);
  assertEquals(Math.round(sumMs), Math.round(320 * 0.02 + 320 * 2));
  assertEquals(timed, 16 + 640 / 64 - 1);
});
