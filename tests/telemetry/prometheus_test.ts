/**
 * The text format, where names and values are awkward.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { prometheusText } from "../../src/telemetry/prometheus.ts";

Deno.test("label values and help texts are escaped, each by its own rules", () => {
  const text = prometheusText([{
    name: "a_total",
    help: 'back\\slash, "quotes" and\nline',
    type: "counter",
    samples: [{ labels: { key: 'a"b\\c\nd', other: "é" }, value: 1 }],
  }]);
  assertEquals(
    text,
    '# HELP a_total back\\\\slash, "quotes" and\\nline\n# TYPE a_total counter\n' +
      'a_total{key="a\\"b\\\\c\\nd",other="é"} 1\n',
  );
});

Deno.test("infinite values are written as the format wants them", () => {
  const samples = [Infinity, -Infinity, NaN, 0.1, 1e21].map((value) => ({ value }));
  const lines = prometheusText([{ name: "a", help: "A.", type: "gauge", samples }]).split("\n");
  assertEquals(lines.slice(2, -1), ["a +Inf", "a -Inf", "a NaN", "a 0.1", "a 1e+21"]);
});

Deno.test("buckets are added up, and the last one has no bound", () => {
  const text = prometheusText([{
    name: "h",
    help: "H.",
    type: "histogram",
    histograms: [{ labels: { call: "x" }, bounds: [0.1, 1], counts: [1, 2, 3], sum: 12.5 }],
  }]);
  assertEquals(text.split("\n").slice(2, -1), [
    'h_bucket{call="x",le="0.1"} 1',
    'h_bucket{call="x",le="1"} 3',
    'h_bucket{call="x",le="+Inf"} 6',
    'h_sum{call="x"} 12.5',
    'h_count{call="x"} 6',
  ]);
});
