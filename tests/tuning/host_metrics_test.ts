/**
 * From host-minutes to metrics: which minutes count for which breaker.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { DEFAULT_POLICY, type PolicyPatch } from "../../mod.ts";
import { mergePolicy } from "../../src/breaker/policy.ts";
import { hostMetrics } from "../../src/tuning/host_metrics.ts";
import { summaryOf } from "./metrics_of.ts";

const host = "api.example.org";
const row = (role: string, minute: number, network: number, of = host) => {
  return { host: of, role, minute, summary: summaryOf({ network }) };
};

/** Of each: host, role, and the network calls of each period by its start. */
function shown(rows: ReturnType<typeof row>[], patch: PolicyPatch = {}) {
  return hostMetrics(rows, () => mergePolicy(DEFAULT_POLICY, patch)).map((metrics) => [
    metrics.host,
    metrics.role,
    metrics.periods.map(({ startMs, summary }) => [startMs, summary.network]),
  ]);
}

Deno.test("roles that share a breaker are taken together, minute by minute, oldest first", () => {
  const rows = [row("artifact", 3, 5), row("", 2, 1), row("metadata", 3, 7)];
  assertEquals(shown(rows), [[host, undefined, [[120_000, 1], [180_000, 12]]]]);
});

Deno.test("a role with a breaker of its own stands apart", () => {
  const rows = [row("artifact", 1, 5), row("metadata", 1, 7)];
  assertEquals(shown(rows, { roles: { artifact: { failMax: 8 } } }), [
    [host, undefined, [[60_000, 7]]],
    [host, "artifact", [[60_000, 5]]],
  ]);
});

Deno.test("a role with a rate of its own stands apart, and counts for the breaker it shares", () => {
  const rows = [row("artifact", 1, 5), row("metadata", 1, 7)];
  assertEquals(shown(rows, { rates: { artifact: "1/s", "*": "9/s" } }), [
    [host, undefined, [[60_000, 12]]],
    [host, "artifact", [[60_000, 5]]],
  ]);
});

Deno.test("hosts stand apart, each with its own policy", () => {
  const rows = [row("", 1, 5), row("", 1, 7, "other.example")];
  const policies = hostMetrics(
    rows,
    (name) => mergePolicy(DEFAULT_POLICY, { failMax: name === host ? 3 : 4 }),
  ).map(({ policy }) => policy.failMax);
  assertEquals(policies, [3, 4]);
});

Deno.test("no minutes make no metrics", () => {
  assertEquals(shown([]), []);
});

Deno.test("each role that shares the breaker is counted by itself too", () => {
  const failing = (role: string, network: number, failures: number) => {
    return { ...row(role, 1, network), summary: summaryOf({ network, failures }) };
  };
  const rows = [
    failing("artifact", 5, 4),
    failing("artifact", 3, 1),
    failing("metadata", 7, 0),
    failing("landing", 9, 9),
    failing("", 2, 1),
  ];
  const policy = mergePolicy(DEFAULT_POLICY, { roles: { landing: { failMax: 8 } } });
  assertEquals(hostMetrics(rows, () => policy)[0]?.roles, {
    artifact: { network: 8, failures: 5 },
    metadata: { network: 7, failures: 0 },
  });
});
