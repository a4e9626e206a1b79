/** Aborts, timeouts and waits: who gave up, and whether it counts. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { breakerFetch } from "../../src/fetch/breaker_fetch.ts";
import { endlessBody, serve } from "./origins.ts";
import { denial, RecordingGate, SlowRecordingGate } from "./recording_gate.ts";

const URL_A = "https://example.org/works";
const ok: typeof fetch = () => Promise.resolve(new Response("ok"));
const never: typeof fetch = () => {
  throw new Error("was sent");
};

/** An origin that never answers, and a promise of the moment it is asked. */
function hangingOrigin() {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const origin = serve(async (_request, { closing }) => {
    resolve();
    await closing;
    return new Response();
  });
  return { origin, asked };
}

/** What a promise rejects with. */
function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(() => "no rejection", (reason) => reason);
}

/** A signal that counts the listeners set on it from outside. */
function countingSignal() {
  const controller = new AbortController();
  const { signal } = controller;
  const counted = { listeners: 0 };
  const { addEventListener, removeEventListener } = signal;
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    counted.listeners++;
    addEventListener.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    counted.listeners--;
    removeEventListener.apply(signal, args);
  };
  return { controller, counted };
}

Deno.test("a signal that has aborted already throws its reason, the gate unasked", async () => {
  const gate = new RecordingGate();
  const gated = breakerFetch(gate, { fetch: never });
  const reason = new Error("not today");
  const signal = AbortSignal.abort(reason);
  assertStrictEquals(await reasonOf(gated(URL_A, { signal })), reason);
  assertStrictEquals(await reasonOf(gated(new Request(URL_A, { signal }))), reason);
  assertEquals(gate.asks, []);
});

Deno.test("a signal of init stands before the Request's own, null included", async () => {
  const gate = new RecordingGate();
  const gated = breakerFetch(gate, { fetch: ok });
  const request = new Request(URL_A, { signal: AbortSignal.abort() });
  await gated(request, { signal: null });
  await gated(request, { signal: new AbortController().signal });
  assertEquals(gate.story(), ["host: 200", "host: 200"]);
});

Deno.test("an abort while the gate is asked gives the permit back", async () => {
  const gate = new SlowRecordingGate();
  const controller = new AbortController();
  const { signal } = controller;
  const pending = reasonOf(breakerFetch(gate, { fetch: never })(URL_A, { signal }));
  controller.abort("gone");
  assertEquals(await pending, "gone");
  assertEquals(gate.story(), ["host: cancelled"]);
});

Deno.test("an abort while the gate is asked comes before its denial", async () => {
  const gate = new SlowRecordingGate(() => denial());
  const controller = new AbortController();
  const { signal } = controller;
  const pending = reasonOf(breakerFetch(gate, { fetch: never })(URL_A, { signal }));
  controller.abort("gone");
  assertEquals(await pending, "gone");
  assertEquals(gate.lines, []);
});

Deno.test("a probe waits as long as its verdict says before it is sent", async () => {
  const gate = new RecordingGate(() => ({ waitMs: 150 }));
  const log: string[] = [];
  const send: typeof fetch = () => {
    log.push("sent");
    return ok("");
  };
  const wait = (ms: number) => {
    log.push(`waited ${ms}`);
    return Promise.resolve();
  };
  await breakerFetch(gate, { fetch: send, wait })(URL_A);
  assertEquals(log, ["waited 150", "sent"]);
});

Deno.test("the default wait ends by itself and leaves no listener", async () => {
  const gate = new RecordingGate(() => ({ waitMs: 1 }));
  const { controller, counted } = countingSignal();
  await breakerFetch(gate, { fetch: ok })(URL_A, { signal: controller.signal });
  assertEquals(gate.story(), ["host: 200"]);
  assertEquals(counted.listeners, 0);
});

for (const reason of [new DOMException("stop", "AbortError"), "stop", new Error("stop")]) {
  Deno.test(`an abort during the wait gives the permit back (${reason})`, async () => {
    const gate = new RecordingGate(() => ({ waitMs: 60_000 }));
    const controller = new AbortController();
    const { signal } = controller;
    const pending = reasonOf(breakerFetch(gate, { fetch: never })(URL_A, { signal }));
    controller.abort(reason);
    assertStrictEquals(await pending, reason);
    assertEquals(gate.story(), ["host: cancelled"]);
  });
}

Deno.test("a wait that ends although the signal has aborted sends nothing", async () => {
  const gate = new RecordingGate(() => ({ waitMs: 5 }));
  const controller = new AbortController();
  const wait = () => {
    controller.abort("late");
    return Promise.resolve();
  };
  const gated = breakerFetch(gate, { fetch: never, wait });
  assertEquals(await reasonOf(gated(URL_A, { signal: controller.signal })), "late");
  assertEquals(gate.story(), ["host: cancelled"]);
});

for (const reason of [undefined, "stop", new Error("stop")]) {
  Deno.test(`an abort during the request is cancelled, whatever its reason (${reason})`, async () => {
    const { origin, asked } = hangingOrigin();
    await using _ = origin;
    const gate = new RecordingGate();
    const controller = new AbortController();
    const { signal } = controller;
    const pending = reasonOf(breakerFetch(gate)(origin.url, { signal }));
    await asked;
    controller.abort(reason);
    assertStrictEquals(await pending, signal.reason);
    assertEquals(gate.story(), ["host: cancelled"]);
  });
}

Deno.test("an abort by the Request's own signal is cancelled, with a timeout set too", async () => {
  const { origin, asked } = hangingOrigin();
  await using _ = origin;
  const gate = new RecordingGate();
  const controller = new AbortController();
  const request = new Request(origin.url, { signal: controller.signal });
  const pending = reasonOf(breakerFetch(gate, { timeoutMs: 60_000 })(request));
  await asked;
  controller.abort("stop");
  assertEquals(await pending, "stop");
  assertEquals(gate.story(), ["host: cancelled"]);
});

Deno.test("a host that hangs beyond timeoutMs is a failure by TimeoutError", async () => {
  const { origin } = hangingOrigin();
  await using _ = origin;
  const gate = new RecordingGate();
  const gated = breakerFetch(gate, { timeoutMs: 30 });
  const error = await assertRejects(() => gated(origin.url), DOMException, "within 30 ms");
  assertEquals(error.name, "TimeoutError");
  await reasonOf(gated(origin.url, { signal: new AbortController().signal }));
  assertEquals(gate.story(), ["host: TimeoutError", "host: TimeoutError"]);
});

Deno.test("a timeout of the caller's own signal is a failure too", async () => {
  const { origin } = hangingOrigin();
  await using _ = origin;
  const gate = new RecordingGate();
  const signal = AbortSignal.any([AbortSignal.timeout(30), new AbortController().signal]);
  const reason = await reasonOf(breakerFetch(gate)(origin.url, { signal }));
  assert(reason instanceof DOMException && reason.name === "TimeoutError");
  assertEquals(gate.story(), ["host: TimeoutError"]);
});

Deno.test("a caller's timeout during the wait gives the permit back: the host was not asked", async () => {
  const gate = new RecordingGate(() => ({ waitMs: 60_000 }));
  const gated = breakerFetch(gate, { fetch: never });
  await reasonOf(gated(URL_A, { signal: AbortSignal.timeout(5) }));
  assertEquals(gate.story(), ["host: cancelled"]);
});

Deno.test({
  name: "a timeout that was not needed leaves neither timer nor listener",
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using origin = serve(() => new Response("x"));
    const { controller, counted } = countingSignal();
    const { signal } = controller;
    for (const body of ["headers", "full"] as const) {
      for (const timeoutMs of [undefined, 60_000]) {
        const gated = breakerFetch(new RecordingGate(), { timeoutMs, body });
        await (await gated(origin.url, { signal })).text();
        await reasonOf(gated("http://127.0.0.1:1/", { signal }));
      }
    }
    assertEquals(counted.listeners, 0);
  },
});

Deno.test("with body headers the timeout ends with the headers, and the caller can still abort", async () => {
  await using origin = serve(() => new Response(endlessBody()));
  const gate = new RecordingGate();
  const controller = new AbortController();
  const gated = breakerFetch(gate, { timeoutMs: 60_000 });
  const response = await gated(origin.url, { signal: controller.signal });
  assertEquals(gate.story(), ["host: 200"]);
  const reading = reasonOf(response.text());
  controller.abort("enough");
  assertEquals(await reading, "enough");
  assertEquals(gate.story(), ["host: 200"]);
});

Deno.test("a Request that serves as init keeps its method and headers under a timeout", async () => {
  await using origin = serve((request) =>
    new Response(`${request.method} ${request.headers.get("x")}`)
  );
  const init = new Request("http://127.0.0.1:1/", { method: "PUT", headers: { x: "kept" } });
  const response = await breakerFetch(new RecordingGate(), { timeoutMs: 60_000 })(origin.url, init);
  assertEquals(await response.text(), "PUT kept");
});
