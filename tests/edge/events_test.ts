/**
 * `GET /v1/events`: what is told, resuming, bounds, the end. Other processes stand in `events_process_test.ts`.
 *
 * @module
 */
import { assertEquals, assertMatch, assertObjectMatch, assertRejects } from "@std/assert";
import { createApp } from "../../src/edge/app.ts";
import type { EventOptions } from "../../src/edge/event_routes.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { ManualClock } from "../support/manual_clock.ts";
import { ManualTimers, turns } from "../support/manual_timers.ts";
import { ScriptedStore } from "../support/scripted_store.ts";
import { failTimes, send } from "../support/verdicts.ts";
import { call, problemFields, START } from "./calls.ts";
import { EventStreamReader } from "./event_reader.ts";

const host = "api.example.org";

function make(events: EventOptions = {}) {
  const clock = new ManualClock();
  clock.ms = START;
  const timers = new ManualTimers();
  const config = { defaults: { failMax: 1, halfOpen: { jitterMs: 0 } } };
  const registry = new BreakerRegistry({ config, now: clock.now, timers });
  const app = createApp({ registry, now: clock.now, events });
  const open = async (path = "/v1/events", headers: Record<string, string> = {}) =>
    new EventStreamReader(await app.request(path, { headers }));
  return { app, registry, timers, clock, open };
}

Deno.test("the answer is an event stream that nothing on the way keeps, guesses or holds back", async () => {
  const { app } = make();
  const response = await app.request("/v1/events");
  assertEquals(response.status, 200);
  assertEquals(response.headers.get("content-type"), "text/event-stream");
  assertEquals(response.headers.get("cache-control"), "no-store, no-transform");
  await using reader = new EventStreamReader(response);
  assertEquals(await reader.block(), { retry: "2000" });
});

Deno.test("transitions and operators' actions are told, denials and outcomes are not", async () => {
  const { registry, open, clock } = make();
  await using reader = await open();
  await failTimes(registry, { host, resolver: "crossref" }, 1);
  await registry.allow({ host });
  clock.advance(60_000);
  await send(registry, { host }, { status: 200 });
  await registry.open({ resolver: "crossref" }, { reason: "spring cleaning" });
  const [opened] = [await reader.next()];
  assertMatch(opened!.id!, new RegExp(`^${START}-[0-9a-z]{8}-0$`));
  assertEquals(opened!.event, "transition");
  assertObjectMatch(opened!.data, {
    id: opened!.id,
    type: "transition",
    at: START,
    scope: "host",
    key: host,
    from: "closed",
    to: "open",
    reason: "open",
    until: START + 60_000,
  });
  assertEquals(await reader.words(3), [
    "transition crossref",
    `transition ${host}`,
    `transition ${host}`,
  ]);
  assertObjectMatch((await reader.next())!, {
    event: "transition",
    data: { key: "crossref", reason: "manual", note: "spring cleaning", until: null },
  });
  assertObjectMatch((await reader.next())!, {
    event: "operator",
    data: { action: "open", scope: "resolver", key: "crossref", until: null },
  });
});

Deno.test("an operator who changes no state is told all the same", async () => {
  const { app, open } = make();
  await using reader = await open();
  await call(app, "DELETE", `/v1/breakers/${host}`);
  assertObjectMatch((await reader.next())!, {
    event: "operator",
    data: { action: "close", key: host },
  });
});

Deno.test("a policy's change is told", async () => {
  const { app, open } = make();
  await using reader = await open();
  const put = await call(app, "PUT", `/v1/policies/${host}`, { fail_max: 7 });
  assertEquals(put.status, 200, JSON.stringify(put.body));
  assertObjectMatch((await reader.next())!, {
    event: "policy",
    data: { action: "set", key: host },
  });
});

for (const by of ["header", "query"]) {
  Deno.test(`a reader who names the last event by ${by} is told what came after`, async () => {
    const { registry, open } = make();
    const ids: string[] = [];
    {
      await using reader = await open();
      for (const name of ["a", "b", "c"]) await registry.open(`${name}.example.org`);
      for (let i = 0; i < 6; i++) ids.push((await reader.next())!.id!);
    }
    const again = (id: string) =>
      by === "header"
        ? open("/v1/events", { "last-event-id": id })
        : open(`/v1/events?last_event_id=${id}`);
    await using reader = await again(ids[3]!);
    assertEquals(await reader.words(2), ["transition c.example.org", "operator c.example.org"]);
    await using last = await again(ids[5]!);
    await registry.open("d.example.org");
    assertEquals((await last.next())!.data.key, "d.example.org");
  });
}

Deno.test("where the ring no longer holds the event, a gap is told first, and then what is held", async () => {
  const { registry, open } = make({ ring: { events: 4, bytes: 10_000 } });
  for (const name of ["a", "b", "c"]) await registry.open(`${name}.example.org`);
  const first = `${START}-zzzzzzzz-0`;
  await using late = await open("/v1/events", { "last-event-id": first });
  const gap = await late.next();
  assertEquals([gap!.event, gap!.id, gap!.data.last_event_id], ["gap", undefined, first]);
  assertEquals(await late.words(4), [
    "transition b.example.org",
    "operator b.example.org",
    "transition c.example.org",
    "operator c.example.org",
  ]);
});

Deno.test("a new reader is told only what happens from then on", async () => {
  const { registry, open } = make();
  await registry.open("before.example.org");
  await using reader = await open();
  await registry.open("after.example.org");
  assertEquals((await reader.next())!.data.key, "after.example.org");
});

Deno.test("an outage of the store is told as one, however many calls fail", async () => {
  const clock = new ManualClock();
  const store = new ScriptedStore(clock.now);
  const { now, timers } = clock;
  await using registry = new BreakerRegistry({ store, now, timers });
  const app = createApp({ registry });
  await using reader = new EventStreamReader(await app.request("/v1/events"));
  await reader.block();
  store.failure = "reject";
  for (let i = 0; i < 20; i++) await registry.allow({ host: `h${i}.example.org` });
  clock.advance(500);
  store.failure = undefined;
  await registry.allow({ host });
  const [begin, end] = [await reader.next(), await reader.next()];
  assertObjectMatch(begin!, { event: "store_outage", data: { phase: "begin" } });
  assertObjectMatch(end!, { event: "store_outage", data: { phase: "end" } });
  assertEquals(typeof end!.data.duration_ms, "number");
});

Deno.test("a comment is sent every fifteen seconds, so that nobody takes the connection for dead", async () => {
  const { open, timers } = make();
  await using reader = await open();
  assertEquals((await reader.block())!.retry, "2000");
  const next = reader.block();
  let came = false;
  next.then(() => came = true);
  await timers.advance(14_999);
  assertEquals(came, false);
  await timers.advance(1);
  assertEquals(await next, { comment: "" });
  const second = reader.block();
  await timers.advance(15_000);
  assertEquals(await second, { comment: "" });
});

Deno.test("one reader more than allowed is turned away with 503, until another one goes", async () => {
  const { app, open } = make({ maxReaders: 2 });
  const first = await open();
  await using _second = await open();
  const refused = await call(app, "GET", "/v1/events");
  problemFields(refused, 503);
  assertEquals(refused.headers.get("retry-after"), "5");
  await first[Symbol.asyncDispose]();
  await using third = await open();
  assertEquals((await third.block())!.retry, "2000");
});

Deno.test("HEAD says what GET would, and takes no reader's place", async () => {
  const { app, timers } = make({ maxReaders: 1 });
  for (let i = 0; i < 3; i++) {
    const response = await app.request("/v1/events", { method: "HEAD" });
    assertEquals([response.status, await response.text()], [200, ""]);
    assertEquals(response.headers.get("content-type"), "text/event-stream");
  }
  assertEquals(timers.waiting, 0);
});

Deno.test("events are for tokens that may read", async () => {
  const registry = new BreakerRegistry();
  const tokens = { crawl: ["crawl-token-000001"], read: ["read-token-0000001"] };
  const app = createApp({ registry, tokens });
  const as = (token: string) => ({ authorization: `Bearer ${token}` });
  problemFields(await call(app, "GET", "/v1/events"), 401);
  problemFields(await call(app, "GET", "/v1/events", undefined, as(tokens.crawl[0]!)), 403);
  const response = await app.request("/v1/events", { headers: as(tokens.read[0]!) });
  assertEquals(response.status, 200);
  await response.body!.cancel();
});

Deno.test("a reader who does not read is dropped when what it missed is gone, and the others are not", async () => {
  const { app, registry, open } = make();
  const slow = await app.request("/v1/events");
  await using quick = await open();
  let told = 0;
  for (let i = 0; i < 1_200; i++) {
    await registry.open(`h${i}.example.org`);
    if (i % 100 === 0) await turns(20);
    assertEquals((await quick.words(2))[0], `transition h${i}.example.org`);
    told += 2;
  }
  assertEquals(told, 2_400);
  await assertRejects(() => slow.text(), Error, "too slow");
  const metrics = await (await app.request("/metrics")).text();
  assertMatch(metrics, /^breakwater_event_readers 1$/m);
  assertMatch(metrics, /^breakwater_event_readers_dropped_total 1$/m);
});

Deno.test("a reader who takes no comment for two of them is dropped", async () => {
  const { app, registry, timers } = make();
  const slow = await app.request("/v1/events");
  // As much as waits in a stream that nobody reads.
  for (let i = 0; i < 100; i++) await registry.open(`h${i}.example.org`);
  await turns();
  await timers.advance(15_000);
  assertEquals(timers.waiting, 1);
  await timers.advance(15_000);
  assertEquals(timers.waiting, 0);
  await assertRejects(() => slow.text(), Error, "too slow");
});

Deno.test("a reader who resumes from far behind is told all that is held, in pieces that it takes", async () => {
  const { registry, open } = make();
  await using first = await open();
  for (let i = 0; i < 500; i++) await registry.open(`h${i}.example.org`);
  const { id } = (await first.next())!;
  await using reader = await open("/v1/events", { "last-event-id": id! });
  const words = await reader.words(999);
  assertEquals([words.length, words[0], words.at(-1)], [
    999,
    "operator h0.example.org",
    "operator h499.example.org",
  ]);
});

Deno.test("streams end cleanly when the registry is disposed, after what was still to be told", async () => {
  const { app, registry, open, timers } = make();
  await using reader = await open();
  await registry.open(host);
  await registry[Symbol.asyncDispose]();
  assertEquals(await reader.words(3), [`transition ${host}`, `operator ${host}`]);
  assertEquals(timers.waiting, 0);
  problemFields(await call(app, "GET", "/v1/events"), 503);
});

Deno.test("a reader who goes leaves nothing behind", async () => {
  const { open, timers, app } = make();
  for (let i = 0; i < 300; i++) {
    const reader = await open();
    await reader[Symbol.asyncDispose]();
  }
  assertEquals(timers.waiting, 0);
  assertMatch(await (await app.request("/metrics")).text(), /^breakwater_event_readers 0$/m);
});

Deno.test("two apps on one registry tell each event once", async () => {
  const registry = new BreakerRegistry();
  const apps = [createApp({ registry }), createApp({ registry })];
  for (const app of apps) {
    await using reader = new EventStreamReader(await app.request("/v1/events"));
    await registry.open(host);
    await registry.close(host);
    assertEquals(await reader.words(4), [
      `transition ${host}`,
      `operator ${host}`,
      `transition ${host}`,
      `operator ${host}`,
    ]);
  }
});
