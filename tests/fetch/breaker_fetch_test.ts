/** How a request is asked for, sent and told. */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { BreakerOpenError } from "../../src/breaker/errors.ts";
import { breakerFetch } from "../../src/fetch/breaker_fetch.ts";
import { serve } from "./origins.ts";
import { denial, RecordingGate, SlowRecordingGate } from "./recording_gate.ts";

const URL_A = "https://example.org/works?x=1";
const ok: typeof fetch = () => Promise.resolve(new Response("ok"));
const never: typeof fetch = () => {
  throw new Error("was sent");
};

Deno.test("the gate is asked before the request and told after it", async () => {
  const log: string[] = [];
  const gate = new class extends RecordingGate {
    override allow(ask: Parameters<RecordingGate["allow"]>[0]) {
      log.push("allow");
      return super.allow(ask);
    }
    override record(...told: Parameters<RecordingGate["record"]>) {
      log.push("record");
      return super.record(...told);
    }
  }();
  await using origin = serve(() => {
    log.push("request");
    return new Response("hello");
  });
  const response = await breakerFetch(gate)(`${origin.url}/a`);
  log.push("response");
  assertEquals(await response.text(), "hello");
  assertEquals(log, ["allow", "request", "record", "response"]);
  assertEquals(gate.asks, [{ url: `${origin.url}/a` }]);
});

Deno.test("a gate that answers by promise has been told before the response is there", async () => {
  const gate = new SlowRecordingGate();
  await breakerFetch(gate, { fetch: ok })(URL_A);
  assertEquals(gate.story(), ["host: 200"]);
});

Deno.test("the outcome carries status, Retry-After, headers and latency", async () => {
  const gate = new RecordingGate();
  let now = 1_000;
  await using origin = serve(() => {
    now += 250;
    return new Response("slow down", { status: 429, headers: { "retry-after": "120" } });
  });
  const response = await breakerFetch(gate, { now: () => now })(origin.url);
  await response.body?.cancel();
  assertEquals(gate.outcomes, [
    { status: 429, retryAfter: "120", headers: response.headers, latencyMs: 250 },
  ]);
});

Deno.test("a clock that is set back gives no negative latency", async () => {
  const gate = new RecordingGate();
  let now = 1_000;
  const options = { fetch: ok, now: () => now-- };
  await breakerFetch(gate, options)(URL_A);
  assertEquals(gate.outcomes[0]?.latencyMs, 0);
});

Deno.test("with body headers the very response that came is returned", async () => {
  const response = new Response("x");
  const send = () => Promise.resolve(response);
  assertStrictEquals(await breakerFetch(new RecordingGate(), { fetch: send })(URL_A), response);
});

Deno.test("role and resolver are fixed, computed, or given per call, the call first", async () => {
  const gate = new RecordingGate();
  const fixed = breakerFetch(gate, { fetch: ok, role: "metadata", resolver: "crossref" });
  await fixed(URL_A);
  await fixed(URL_A, { breaker: { role: "artifact" } });
  await fixed(URL_A, { breaker: { resolver: "unpaywall" } });
  const computed = breakerFetch(gate, {
    fetch: ok,
    role: (request) => request.headers.get("accept") === "application/pdf" ? "artifact" : undefined,
    resolver: (request) => `${request.method.toLowerCase()}-${new URL(request.url).hostname}`,
  });
  await computed(URL_A, { headers: { accept: "application/pdf" } });
  await computed(new Request(URL_A, { method: "HEAD" }), { breaker: { role: "landing" } });
  await computed(new URL(URL_A));
  assertEquals(gate.asks, [
    { url: URL_A, role: "metadata", resolver: "crossref" },
    { url: URL_A, role: "artifact", resolver: "crossref" },
    { url: URL_A, role: "metadata", resolver: "unpaywall" },
    { url: URL_A, role: "artifact", resolver: "get-example.org" },
    { url: URL_A, role: "landing", resolver: "head-example.org" },
    { url: URL_A, resolver: "get-example.org" },
  ]);
});

Deno.test("a function for the role leaves a streaming body to be sent", async () => {
  await using origin = serve(async (request) => new Response(await request.text()));
  const echo = breakerFetch(new RecordingGate(), {
    role: (request) => request.method.toLowerCase(),
  });
  const stream = () => new Blob(["streamed"]).stream();
  const init = { method: "POST", duplex: "half" as const };
  const byInit = await echo(origin.url, { ...init, body: stream() });
  assertEquals(await byInit.text(), "streamed");
  const byRequest = await echo(new Request(origin.url, { ...init, body: stream() }));
  assertEquals(await byRequest.text(), "streamed");
});

Deno.test("a function for the role that throws does so before the gate is asked", async () => {
  const gate = new RecordingGate();
  const role = () => {
    throw new RangeError("no role");
  };
  await assertRejects(() => breakerFetch(gate, { fetch: ok, role })(URL_A), RangeError, "no role");
  assertEquals(gate.asks, []);
});

Deno.test("a denied request throws BreakerOpenError and is not sent", async () => {
  const gate = new RecordingGate(() => denial(30_000));
  const error = await assertRejects(
    () => breakerFetch(gate, { fetch: never })(URL_A),
    BreakerOpenError,
  );
  assertEquals([error.host, error.retryAfterMs], ["example.org", 30_000]);
  assertEquals(gate.lines, []);
});

Deno.test("a denied request is answered with a 503 that says it is made here, where asked for", async () => {
  const gate = new RecordingGate(() => denial(1_001));
  const response = await breakerFetch(gate, { fetch: never, onDenied: "respond" })(URL_A);
  assertEquals(response.status, 503);
  assertEquals(response.headers.get("breakwater"), "denied");
  assertEquals(response.headers.get("content-type"), "application/problem+json");
  assertEquals(await response.json(), {
    title: "Service Unavailable",
    status: 503,
    detail: "host 'example.org' is open (open): ask again in 1001 ms",
    reason: "open",
    scope: "host",
    key: "example.org",
    state: "open",
    retry_after_ms: 1_001,
  });
});

for (const [retryAfterMs, seconds] of [[0.2, "1"], [1_000, "1"], [1_001, "2"]] as const) {
  Deno.test(`a denial for ${retryAfterMs} ms says Retry-After: ${seconds}`, async () => {
    const gate = new RecordingGate(() => denial(retryAfterMs));
    const response = await breakerFetch(gate, { fetch: never, onDenied: "respond" })(URL_A);
    assertEquals(response.headers.get("retry-after"), seconds);
  });
}

Deno.test("an error of fetch passes through unchanged and is told", async () => {
  const closed = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = closed.addr;
  closed.close();
  const gate = new RecordingGate();
  const error = await assertRejects(
    () => breakerFetch(gate)(`http://127.0.0.1:${port}/`),
    TypeError,
  );
  const [outcome] = gate.outcomes;
  assert(outcome !== undefined && "error" in outcome);
  assertStrictEquals(outcome.error, error);
  assertEquals(gate.outcomes.length, 1);
});

Deno.test("a fetch that throws at once is told like one that rejects", async () => {
  const gate = new RecordingGate();
  await assertRejects(() => breakerFetch(gate, { fetch: never })(URL_A), Error, "was sent");
  assertEquals(gate.story(), ["host: Error"]);
});

for (const url of ["http://", "http://a b/", "/relative", ""]) {
  Deno.test(`'${url}' is refused with a TypeError before the gate is asked`, async () => {
    const gate = new RecordingGate();
    await assertRejects(() => breakerFetch(gate)(url), TypeError);
    assertEquals(gate.asks, []);
  });
}

Deno.test("data and blob URLs go past the gate", async () => {
  const gate = new RecordingGate(() => denial());
  const gated = breakerFetch(gate);
  const blob = URL.createObjectURL(new Blob(["from a blob"]));
  assertEquals(await (await gated("data:,hello")).text(), "hello");
  assertEquals(await (await gated(new URL("data:,hello"))).text(), "hello");
  assertEquals(await (await gated(new Request(blob))).text(), "from a blob");
  URL.revokeObjectURL(blob);
  assertEquals(gate.asks, []);
});

Deno.test("a URL with blanks around it or one slash too few is still gated", async () => {
  const gate = new RecordingGate();
  const gated = breakerFetch(gate, { fetch: ok });
  await gated(` ${URL_A} `);
  await gated("http:example.org/a");
  await gated("HTTPS://EXAMPLE.org/");
  assertEquals(gate.asks.map((ask) => ask.url), [
    URL_A,
    "http://example.org/a",
    "HTTPS://EXAMPLE.org/",
  ]);
});

Deno.test("a request that cannot be built is cancelled: the host was never asked", async () => {
  const gate = new RecordingGate();
  const gated = breakerFetch(gate);
  await assertRejects(() => gated(URL_A, { headers: { "x": "a\nb" } }), TypeError);
  await assertRejects(() => gated(URL_A, { body: "a GET has none" }), TypeError);
  assertEquals(gate.story(), ["host: cancelled", "host: cancelled"]);
});

Deno.test("a Request whose body was sent before is refused by fetch, the gate unasked", async () => {
  const gate = new RecordingGate();
  const request = new Request(URL_A, { method: "POST", body: "once" });
  await request.text();
  await assertRejects(() => breakerFetch(gate)(request), TypeError);
  assertEquals(gate.asks, []);
});

Deno.test("a gate that cannot be told costs nobody an answer", async () => {
  const throwing = new class extends RecordingGate {
    override record(): never {
      throw new Error("record threw");
    }
  }();
  const rejecting = new class extends RecordingGate {
    override record(): Promise<never> {
      return Promise.reject(new Error("record rejected"));
    }
  }();
  for (const gate of [throwing, rejecting]) {
    const response = await breakerFetch(gate, { fetch: ok })(URL_A);
    assertEquals(await response.text(), "ok");
    const full = await breakerFetch(gate, { fetch: ok, body: "full" })(URL_A);
    assertEquals(await full.text(), "ok");
    await assertRejects(() => breakerFetch(gate, { fetch: never })(URL_A), Error, "was sent");
  }
});

Deno.test("a gate that cannot be asked fails the request unsent", async () => {
  const gate = new class extends RecordingGate {
    override allow(): Promise<never> {
      return Promise.reject(new Error("no gate"));
    }
  }();
  await assertRejects(() => breakerFetch(gate, { fetch: never })(URL_A), Error, "no gate");
});

Deno.test("a Request is sent as it is", async () => {
  const request = new Request(URL_A, { method: "POST", body: "x" });
  let sent: unknown;
  const send: typeof fetch = (input) => {
    sent = input;
    return ok("");
  };
  await breakerFetch(new RecordingGate(), { fetch: send })(request);
  assertStrictEquals(sent, request);
});

Deno.test("a URL object that changes while the gate is asked is sent as it was", async () => {
  const gate = new SlowRecordingGate();
  const url = new URL(URL_A);
  let sent: unknown;
  const send: typeof fetch = (input) => {
    sent = input;
    return ok("");
  };
  const pending = breakerFetch(gate, { fetch: send })(url);
  url.searchParams.set("x", "2");
  await pending;
  assertEquals(sent, URL_A);
});

Deno.test("an answer whose status or headers cannot be read is returned all the same", async () => {
  const gate = new RecordingGate();
  const broken = () => {
    throw new Error("broken stub");
  };
  const answers = [
    { status: 0, headers: { get: broken } },
    { status: 42, headers: new Headers() },
    { status: 204, headers: { get: broken } },
  ] as unknown as Response[]; // as stubs make them, which nobody checks
  for (const answer of answers) {
    const gated = breakerFetch(gate, { fetch: () => Promise.resolve(answer) });
    assertStrictEquals(await gated(URL_A), answer);
  }
  assertEquals(gate.story(), ["host: neutral", "host: neutral", "host: 204"]);
});

Deno.test("the global fetch is looked up at each call, and may be the gated one itself", async () => {
  const gate = new RecordingGate();
  const before = globalThis.fetch;
  try {
    const gated = breakerFetch(gate);
    globalThis.fetch = ok;
    assertEquals(await (await gated(URL_A)).text(), "ok");
    const again = breakerFetch(gate);
    globalThis.fetch = again;
    assertEquals(await (await fetch(URL_A)).text(), "ok");
  } finally {
    globalThis.fetch = before;
  }
  assertEquals(gate.story(), ["host: 200", "host: 200"]);
});

Deno.test("it is a fetch: what takes one takes it", async () => {
  const gated: typeof fetch = breakerFetch(new RecordingGate(), { fetch: ok });
  assertInstanceOf(await gated(URL_A), Response);
});

for (const timeoutMs of [0, -1, NaN, Infinity, 2_147_483_648]) {
  Deno.test(`a timeout of ${timeoutMs} ms is refused`, () => {
    const wrap = () => breakerFetch(new RecordingGate(), { timeoutMs });
    assertThrows(wrap, RangeError, `current value is ${timeoutMs}`);
  });
}

for (const timeoutMs of [0.5, 2_147_483_647]) {
  Deno.test(`a timeout of ${timeoutMs} ms is taken`, () => {
    breakerFetch(new RecordingGate(), { timeoutMs });
  });
}
