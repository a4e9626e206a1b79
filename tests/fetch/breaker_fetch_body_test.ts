/** `body: "full"`: the outcome waits for the end of the body, and the response looks as it came. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { breakerFetch } from "../../src/fetch/breaker_fetch.ts";
import { CUT_OFF, endlessBody, serve, serveRaw } from "./origins.ts";
import { RecordingGate } from "./recording_gate.ts";

const READERS = {
  text: (response: Response) => response.text(),
  json: (response: Response) => response.json(),
  arrayBuffer: (response: Response) => response.arrayBuffer(),
  bytes: (response: Response) => response.bytes(),
  blob: (response: Response) => response.blob(),
  stream: (response: Response) => Array.fromAsync(response.body ?? []),
};

function full(timeoutMs?: number) {
  const gate = new RecordingGate();
  return { gate, gated: breakerFetch(gate, { body: "full", timeoutMs }) };
}

for (const [name, read] of Object.entries(READERS)) {
  Deno.test(`a body read to its end by ${name} is a success then, not before`, async () => {
    await using origin = serve(() => Response.json({ a: 1 }));
    const { gate, gated } = full();
    const response = await gated(origin.url);
    assertEquals(gate.story(), ["host: -"]);
    assert(!response.bodyUsed);
    await read(response);
    assert(response.bodyUsed);
    assertEquals(gate.story(), ["host: 200"]);
  });
}

Deno.test("nothing of the body is read before the caller reads", async () => {
  let pulls = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulls++;
      controller.close();
    },
  }, { highWaterMark: 0 });
  const gate = new RecordingGate();
  const send = () => Promise.resolve(new Response(source));
  const response = await breakerFetch(gate, { body: "full", fetch: send })("https://example.org/");
  assertEquals([pulls, gate.outcomes.length], [0, 0]);
  await response.text();
  assertEquals([pulls, gate.outcomes.length], [1, 1]);
});

Deno.test("latency runs to the end of the body", async () => {
  await using origin = serve(() => new Response("x"));
  const gate = new RecordingGate();
  let now = 0;
  const response = await breakerFetch(gate, { body: "full", now: () => now })(origin.url);
  now = 700;
  await response.text();
  assertEquals(gate.outcomes[0]?.latencyMs, 700);
});

Deno.test("a form keeps its boundary", async () => {
  const form = new FormData();
  form.set("a", "1");
  await using origin = serve(() => new Response(form));
  const { gate, gated } = full();
  assertEquals((await (await gated(origin.url)).formData()).get("a"), "1");
  assertEquals(gate.story(), ["host: 200"]);
});

Deno.test("a body that breaks off half way is a failure, and the reader sees the error", async () => {
  await using origin = serveRaw(CUT_OFF);
  const { gate, gated } = full();
  const response = await gated(origin.url);
  assertEquals(response.status, 200);
  const error = await assertRejects(() => response.text());
  const [outcome] = gate.outcomes;
  assert(outcome !== undefined && "error" in outcome);
  assertEquals(outcome.error, error);
  assertEquals(gate.outcomes.length, 1);
});

Deno.test("with body headers the same broken body was a success", async () => {
  await using origin = serveRaw(CUT_OFF);
  const gate = new RecordingGate();
  const response = await breakerFetch(gate)(origin.url);
  await assertRejects(() => response.text());
  assertEquals(gate.story(), ["host: 200"]);
});

Deno.test("a body that the caller cancels is cancelled, at the source too", async () => {
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  const body = new ReadableStream({
    pull: (controller) => controller.enqueue(new Uint8Array(1024)),
    cancel: () => resolve(),
  });
  await using origin = serve(() => new Response(body));
  const { gate, gated } = full();
  const response = await gated(origin.url);
  for await (const chunk of response.body ?? []) {
    assertInstanceOf(chunk, Uint8Array);
    break;
  }
  assertEquals(gate.story(), ["host: cancelled"]);
  await gone;
});

Deno.test("a body cancelled while a read is out is told once", async () => {
  await using origin = serve(() => new Response(endlessBody()));
  const { gate, gated } = full();
  const reader = (await gated(origin.url)).body!.getReader();
  await reader.read();
  const reading = reader.read();
  await reader.cancel();
  assertEquals((await reading).done, true);
  assertEquals(gate.story(), ["host: cancelled"]);
});

Deno.test("a body that its consumer cannot take is cancelled: the host did well", async () => {
  await using origin = serve(() => new Response(endlessBody()));
  const { gate, gated } = full();
  const response = await gated(origin.url);
  const diskFull = new WritableStream({
    write() {
      throw new Error("disk full");
    },
  });
  await assertRejects(() => response.body!.pipeTo(diskFull), Error, "disk full");
  assertEquals(gate.story(), ["host: cancelled"]);
});

Deno.test("an abort by the caller during the body is cancelled, read or not", async () => {
  await using origin = serve(() => new Response(endlessBody()));
  for (const isReading of [true, false]) {
    const { gate, gated } = full();
    const controller = new AbortController();
    const response = await gated(origin.url, { signal: controller.signal });
    const reading = isReading ? assertRejects(() => response.text()) : undefined;
    controller.abort();
    await reading;
    assertEquals(gate.story(), ["host: cancelled"]);
    if (!isReading) await assertRejects(() => response.text(), DOMException);
    assertEquals(gate.story(), ["host: cancelled"]);
  }
});

Deno.test("a body that does not end within timeoutMs is a failure, read or not", async () => {
  await using origin = serve(() => new Response(endlessBody()));
  const { gate, gated } = full(40);
  const read = await gated(origin.url);
  const error = await assertRejects(() => read.text(), DOMException);
  assertEquals(error.name, "TimeoutError");
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  const noticing: typeof fetch = (input, init) => {
    init?.signal?.addEventListener("abort", () => resolve());
    return fetch(input, init);
  };
  const unread = await breakerFetch(gate, { body: "full", timeoutMs: 40, fetch: noticing })(
    origin.url,
  );
  await aborted;
  await Promise.resolve();
  assertEquals(gate.story(), ["host: TimeoutError", "host: TimeoutError"]);
  await assertRejects(() => unread.text(), DOMException);
});

Deno.test("an answer without a body is told at once", async () => {
  await using origin = serve((request) =>
    request.url.endsWith("/204") ? new Response(null, { status: 204 }) : new Response("")
  );
  const { gate, gated } = full();
  await gated(`${origin.url}/204`);
  await gated(origin.url, { method: "HEAD" });
  await (await gated(origin.url)).body?.cancel();
  assertEquals(gate.story(), ["host: 204", "host: 200", "host: 200"]);
});

Deno.test("a status other than 2xx is told at once, and its response left untouched", async () => {
  await using origin = serve((request) =>
    new Response("busy", { status: Number(new URL(request.url).pathname.slice(1)) })
  );
  const { gate, gated } = full();
  for (const status of [400, 404, 503]) {
    const response = await gated(`${origin.url}/${status}`);
    assertEquals(gate.outcomes.length, 1);
    assertEquals(await response.text(), "busy");
    gate.outcomes.length = 0;
  }
  assertEquals(gate.story(), ["host: 400", "host: 404", "host: 503"]);
});

Deno.test("a response whose body has a reader already is told by its status", async () => {
  const response = new Response("x");
  response.body?.getReader();
  const gate = new RecordingGate();
  const send = () => Promise.resolve(response);
  await breakerFetch(gate, { body: "full", fetch: send })("https://example.org/");
  assertEquals(gate.story(), ["host: 200"]);
});

Deno.test("the counted response is in all things like the one that came", async () => {
  await using origin = serve((request) => {
    if (request.url.endsWith("/from")) return Response.redirect(new URL("/to", request.url));
    const headers = new Headers({ "x-a": "1", "content-type": "text/x-test" });
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    return new Response("hello", { status: 206, statusText: "Partial Content", headers });
  });
  const plain = await fetch(`${origin.url}/from`);
  const { gated } = full();
  const counted = await gated(`${origin.url}/from`);
  for (const like of [counted, counted.clone(), counted.clone().clone()]) {
    assertInstanceOf(like, Response);
    for (const key of ["url", "redirected", "type", "status", "statusText", "ok"] as const) {
      assertEquals([key, like[key]], [key, plain[key]]);
    }
    const withoutDate = (headers: Headers) => [...headers].filter(([name]) => name !== "date");
    assertEquals(withoutDate(like.headers), withoutDate(plain.headers));
    assertEquals(like.headers.getSetCookie(), ["a=1", "b=2"]);
    assertThrows(() => like.headers.set("x-a", "2"), TypeError);
    assertEquals((await like.clone().blob()).type, "text/x-test");
    assertEquals(await like.text(), "hello");
    await assertRejects(() => like.text(), TypeError);
  }
  await plain.body?.cancel();
});

Deno.test("clones share one outcome", async () => {
  await using good = serve(() => new Response("hello"));
  await using bad = serveRaw(CUT_OFF);
  const { gate, gated } = full();
  const one = await gated(good.url);
  const other = one.clone();
  assertEquals(await Promise.all([one.text(), other.text()]), ["hello", "hello"]);
  const broken = await gated(bad.url);
  const copy = broken.clone();
  await Promise.all([assertRejects(() => broken.text()), assertRejects(() => copy.text())]);
  const left = await gated(good.url);
  const twin = left.clone();
  await Promise.all([left.body?.cancel(), twin.body?.cancel()]);
  assertEquals(gate.story().length, 3);
  assertEquals(gate.outcomes.length, 3);
  assertEquals(gate.story()[2], "host: cancelled");
});

Deno.test("a counted response can be handed on by a server", async () => {
  await using origin = serve(() => new Response("hello", { headers: { "x-a": "1" } }));
  const { gate, gated } = full();
  await using proxy = serve(() => gated(origin.url));
  const response = await fetch(proxy.url);
  assertEquals([await response.text(), response.headers.get("x-a")], ["hello", "1"]);
  assertEquals(gate.story(), ["host: 200"]);
});
