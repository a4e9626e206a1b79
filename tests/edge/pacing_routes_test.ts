/**
 * Pacing over HTTP: what a verdict says, and how a host's rates are shown and changed.
 *
 * @module
 */
import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { parseConfig, resolveConfig } from "../../src/config/mod.ts";
import { createApp } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { call, problemFields } from "./calls.ts";

const HOST = "api.example.org";
const PATH = `/v1/policies/${HOST}`;
const CONFIG = `
rates: {${HOST}: {metadata: "10/s,1000/h"}}
hosts: {${HOST}: {rates: {"*": 20/s}}}
`;

function create() {
  const { breakers, sources } = resolveConfig({ file: parseConfig(CONFIG) });
  const clock = new ManualClock();
  const registry = new BreakerRegistry({ config: breakers, now: clock.now });
  return { clock, app: createApp({ registry, sources, now: clock.now }) };
}

Deno.test("a verdict says how long to wait; a denial by pacing has a Retry-After", async () => {
  const { app } = create();
  const ask = { host: HOST, role: "metadata" };
  const waits = [];
  for (let i = 0; i < 11; i++) waits.push((await call(app, "POST", "/v1/allow", ask)).body.wait_ms);
  assertEquals(waits.slice(0, 3), [0, 100, 200]);
  assertEquals(waits.at(-1), 1_000);
  const denied = await call(app, "POST", "/v1/allow", ask);
  assertEquals(denied.body, {
    allowed: false,
    reason: "rate",
    scope: "host",
    key: HOST,
    state: "closed",
    retry_after_ms: 1_100,
  });
  assertEquals(denied.headers.get("retry-after"), "2");
  const metrics = await app.request("/metrics");
  assertStringIncludes(
    await metrics.text(),
    'breakwater_verdicts_total{outcome="denied",reason="rate"} 1',
  );
});

Deno.test("a host's rates are shown with their source, and what its 429s have left of them", async () => {
  const { app, clock } = create();
  const ask = { host: HOST, role: "metadata" };
  const { body: { permit } } = await call(app, "POST", "/v1/allow", ask);
  await call(app, "POST", "/v1/record", { permit, status: 429 });
  clock.advance(60_000);
  const { body } = await call(app, "GET", PATH);
  assertEquals(body.policy.rates, { "*": "20/s", metadata: "10/s,1000/h" });
  assertEquals(body.sources['rates["*"]'], "file");
  assertEquals(body.sources["rates.metadata"], "file");
  assertEquals(body.pace["*"].rate, "20/s");
  assertAlmostEquals(body.pace["*"].multiplier, 0.85, 1e-9);
  assertAlmostEquals(body.pace["*"].per_second, 19 * 0.85, 1e-9);
  const { body: other } = await call(app, "GET", "/v1/policies/other.example");
  assertEquals([other.pace, other.policy.rates], [undefined, undefined]);
});

Deno.test("an override of a rate holds at once, and goes again", async () => {
  const { app } = create();
  const put = await call(app, "PUT", PATH, { rates: { meta: "8/s", landing: "1/3s" } });
  assertEquals(put.body.override, { rates: { metadata: "8/s", landing: "1/3s" } });
  assertEquals(put.body.policy.rates, { "*": "20/s", metadata: "8/s", landing: "1/3s" });
  assertEquals(put.body.sources["rates.metadata"], "override");
  assertEquals(put.body.sources['rates["*"]'], "file");
  assertEquals(put.body.pace.landing, { rate: "1/3s", multiplier: 1, per_second: 1 / 3 });
  const gone = await call(app, "DELETE", PATH);
  assertEquals(gone.body.policy.rates, { "*": "20/s", metadata: "10/s,1000/h" });
});

for (
  const [rates, field] of [
    [{ metadata: "8/w" }, "rates.metadata"],
    [{ metadata: "1/s,2/s" }, "rates.metadata"],
    [{ metadata: 8 }, "rates.metadata"],
    [{ Metadata: "8/s" }, "rates.Metadata"],
    ["8/s", "rates"],
    [Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`r${i}`, "1/s"])), "rates"],
  ] as const
) {
  Deno.test(`an override that is wrong at '${field}' is refused, naming it: ${JSON.stringify(rates).slice(0, 30)}`, async () => {
    const { app } = create();
    const answer = await call(app, "PUT", PATH, { rates });
    assertEquals(problemFields(answer, 400), [field]);
  });
}
