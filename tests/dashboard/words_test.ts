/**
 * What the page says of breakers and of what happened, in words.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Hono } from "hono";
import { eventWords } from "../../src/edge/dashboard/client/event_list.ts";
import { reasonOf } from "../../src/edge/dashboard/client/format.ts";
import type { WireEvent } from "../../src/edge/dashboard/history_book.ts";
import { createApp } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { memoryStore } from "../../src/stores/memory.ts";
import { createEdge } from "../edge/calls.ts";

Deno.test("a breaker that opened without counting a failure is not said to have counted too many", () => {
  assertEquals(reasonOf({ reason: "open", failures: 1 }), "too many failures");
  assertEquals(reasonOf({ reason: "open", failures: 0 }), "too many failed or slow calls");
  assertEquals(
    reasonOf({ reason: "manual", note: "moving", failures: 0 }),
    "opened by hand: moving",
  );
  assertEquals(reasonOf({ failures: 3 }), "");
});

Deno.test("a breaker that lets probes out does so since its time was up, whatever it was open for", () => {
  const event: WireEvent = { id: "p-1", process: "p", type: "transition", at: 0 };
  const why = (to: WireEvent["to"]) => eventWords({ ...event, to, reason: "retry_after" }).why;
  assertEquals([why("open"), why("half_open")], ["the host asked for quiet", "its time was up"]);
});

Deno.test("a resolver is said to be one in the first picture, before the script draws it", async () => {
  const { app, registry } = createEdge();
  await registry.open({ resolver: "crossref" });
  const page = await (await app.request("/")).text();
  assertStringIncludes(page, '<a href="#resolver=crossref">crossref (resolver)</a>');
});

Deno.test("the first picture says that no host is in trouble, and where only this server's knowledge says so", async () => {
  const titleOf = async (app: Hono) => {
    const page = await (await app.request("/")).text();
    return /id="empty-title">([^<]*)</.exec(page)?.[1];
  };
  assertEquals(await titleOf(createEdge().app), "No host is in trouble");
  const store = memoryStore();
  await store[Symbol.asyncDispose]();
  await using registry = new BreakerRegistry({ store });
  assertEquals(
    await titleOf(createApp({ registry })),
    "No host is in trouble that this server knows of: the store could not be read",
  );
});
