/**
 * How many requests a token may make.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { createApp } from "../../src/edge/app.ts";
import { TokenBucket } from "../../src/edge/token_limit.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { call, createEdge, problemFields, type TestEdge } from "./calls.ts";

const CRAWL = "crawl-token-000001";
const READ = "read-token-0000001";
const TOKENS = { crawl: [CRAWL], read: [READ] };

function limited(perSecond: number, burst?: number): TestEdge {
  return createEdge({}, { tokens: TOKENS, tokenLimit: { perSecond, burst } });
}

function get({ app }: TestEdge, token = READ) {
  return call(app, "GET", "/v1/breakers", undefined, { authorization: `Bearer ${token}` });
}

async function statuses(edge: TestEdge, calls: number): Promise<number[]> {
  const given: number[] = [];
  for (let i = 0; i < calls; i++) given.push((await get(edge)).status);
  return given;
}

Deno.test("a bucket gives its burst at once, and then what flows in", () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 });
  assertEquals([bucket.take(0), bucket.take(0)], [0, 0]);
  assertEquals(bucket.take(0), 100);
  assertEquals(bucket.take(99), 1);
  assertEquals(bucket.take(100), 0);
  assertEquals(bucket.take(100), 100);
  // However long nobody asked, it holds no more than the burst.
  assertEquals([bucket.take(1e9), bucket.take(1e9), bucket.take(1e9)], [0, 0, 100]);
});

Deno.test("a bucket holds a second's worth unless it is told, and at least one", () => {
  const three = new TokenBucket({ perSecond: 3 });
  assertEquals([three.take(0), three.take(0), three.take(0)], [0, 0, 0]);
  assert(three.take(0) > 0);
  const slow = new TokenBucket({ perSecond: 0.5 });
  assertEquals([slow.take(0), slow.take(0), slow.take(1_999), slow.take(2_000)], [0, 2_000, 1, 0]);
});

Deno.test("rounding takes no request away, whatever the limit", () => {
  for (let perSecond = 1; perSecond <= 1_000; perSecond++) {
    const bucket = new TokenBucket({ perSecond });
    let taken = 0;
    while (bucket.take(0) === 0) taken++;
    assertEquals(taken, perSecond);
  }
});

Deno.test("a clock that is set back neither fills a bucket nor empties it", () => {
  const bucket = new TokenBucket({ perSecond: 1, burst: 1 });
  assertEquals(bucket.take(10_000), 0);
  assertEquals(bucket.take(5_000), 1_000);
  assertEquals(bucket.take(5_999), 1);
  assertEquals(bucket.take(6_000), 0);
});

for (
  const limit of [{ perSecond: 0 }, { perSecond: -1 }, { perSecond: NaN }, { perSecond: Infinity }]
) {
  Deno.test(`an app with a limit of ${limit.perSecond} requests per second is refused`, () => {
    const registry = new BreakerRegistry();
    const create = () => createApp({ registry, tokens: TOKENS, tokenLimit: limit });
    assertThrows(create, RangeError, `'perSecond' must be a number above 0: current value is`);
  });
}

Deno.test("a burst below 1 would let nobody in, and is refused", () => {
  assertThrows(() => new TokenBucket({ perSecond: 5, burst: 0.5 }), RangeError, "at least 1");
});

Deno.test("a token over its limit is told with 429 when to ask again, in whole seconds", async () => {
  const edge = limited(0.5, 2);
  assertEquals(await statuses(edge, 2), [200, 200]);
  const refused = await get(edge);
  problemFields(refused, 429);
  assertEquals(refused.headers.get("retry-after"), "2");
  assertMatch(refused.body.detail, /ask again in 2 s$/);
  edge.advance(1_000);
  assertEquals((await get(edge)).headers.get("retry-after"), "1");
  edge.advance(1_000);
  assertEquals(await statuses(edge, 2), [200, 429]);
});

Deno.test("each token has a limit of its own, whatever it asks for", async () => {
  const edge = limited(1, 2);
  assertEquals(await statuses(edge, 3), [200, 200, 429]);
  // What is refused for another reason counts as well.
  assertEquals((await get(edge, CRAWL)).status, 403);
  const header = { authorization: `Bearer ${CRAWL}` };
  assertEquals((await call(edge.app, "GET", "/v1/nothing", undefined, header)).status, 404);
  assertEquals((await get(edge, CRAWL)).status, 429);
});

Deno.test("a token that stands in two lists has one limit", async () => {
  const tokens = { crawl: [READ], read: [READ] };
  const edge = createEdge({}, { tokens, tokenLimit: { perSecond: 1, burst: 2 } });
  const header = { authorization: `Bearer ${READ}` };
  assertEquals((await get(edge)).status, 200);
  const asked = await call(edge.app, "POST", "/v1/allow", { host: "example.org" }, header);
  assertEquals(asked.status, 200);
  assertEquals((await get(edge)).status, 429);
});

Deno.test("what is open to all is not limited, and strangers use up nobody's limit", async () => {
  const edge = limited(1, 1);
  for (let i = 0; i < 5; i++) assertEquals((await call(edge.app, "GET", "/healthz")).status, 200);
  for (let i = 0; i < 5; i++) assertEquals((await get(edge, "read-token-0000002")).status, 401);
  assertEquals(await statuses(edge, 2), [200, 429]);
});

Deno.test("without tokens a limit limits nobody", async () => {
  const edge = createEdge({}, { tokenLimit: { perSecond: 1, burst: 1 } });
  assertEquals((await call(edge.app, "GET", "/v1/breakers")).status, 200);
  assertEquals((await call(edge.app, "GET", "/v1/breakers")).status, 200);
});
