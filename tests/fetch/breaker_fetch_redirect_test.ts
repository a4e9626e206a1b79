/** Redirects: whose outcome it is, when the host that answers is not the one that was asked. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { breakerFetch, type BreakerFetchOptions } from "../../src/fetch/breaker_fetch.ts";
import type { AllowRequest } from "../../src/breaker/gate.ts";
import { CUT_OFF, endlessBody, type Origin, serve, serveRaw } from "./origins.ts";
import { type Decision, denial, RecordingGate, SlowRecordingGate } from "./recording_gate.ts";

/** Origin A redirects to origin B, which answers as told; the gate is asked under those names. */
function twoHosts(answer: () => Response | Promise<Response>, raw?: Origin) {
  const b = raw ?? serve(answer);
  const a = serve(() => Response.redirect(`${b.url}/landed`));
  const names = { [a.url]: "A", [b.url]: "B" };
  return {
    a,
    b,
    names,
    async [Symbol.asyncDispose]() {
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
    },
  };
}

async function story(
  answer: () => Response,
  options: BreakerFetchOptions = {},
  decide?: (ask: AllowRequest, hosts: { a: Origin; b: Origin }) => Decision,
): Promise<string[]> {
  await using hosts = twoHosts(answer);
  const gate = new SlowRecordingGate((ask) => decide?.(ask, hosts));
  const response = await breakerFetch(gate, options)(hosts.a.url);
  await response.text();
  return gate.story(hosts.names);
}

const isFor = (origin: Origin, ask: AllowRequest) => String(ask.url).startsWith(origin.url);
const answerWith = (status: number) => () => new Response("x", { status });

for (const status of [200, 404, 503]) {
  Deno.test(`a ${status} after a redirect is the other host's; the one that redirected did well`, async () => {
    assertEquals(await story(answerWith(status)), ["A: success", `B: ${status}`]);
  });
}

Deno.test("the role goes along, and so does Retry-After", async () => {
  const headers = { "retry-after": "60" };
  await using hosts = twoHosts(() => new Response("x", { status: 429, headers }));
  const gate = new RecordingGate();
  await (await breakerFetch(gate, { role: "landing" })(hosts.a.url)).text();
  assertEquals(gate.asks, [
    { url: hosts.a.url, role: "landing" },
    { url: `${hosts.b.url}/landed`, role: "landing" },
  ]);
  const outcome = gate.lines[1]?.outcomes[0];
  assert(outcome !== undefined && "retryAfter" in outcome);
  assertEquals(outcome.retryAfter, "60");
});

Deno.test("a redirect within the host is no other host's", async () => {
  await using origin = serve((request) =>
    request.url.endsWith("/to")
      ? new Response("x", { status: 503 })
      : Response.redirect(new URL("/to", request.url))
  );
  const gate = new RecordingGate();
  await (await breakerFetch(gate)(origin.url)).text();
  assertEquals(gate.story(), ["host: 503"]);
});

Deno.test("where the host that answered is denied its outcome is told to nobody", async () => {
  const decide = (ask: AllowRequest, { b }: { b: Origin }) => isFor(b, ask) ? denial() : undefined;
  for (const body of ["headers", "full"] as const) {
    assertEquals(await story(answerWith(503), { body }, decide), ["A: success"]);
    assertEquals(await story(answerWith(200), { body }, decide), ["A: success"]);
  }
});

Deno.test("the other host's permit never makes the caller wait", async () => {
  const wait = () => Promise.reject(new Error("waited"));
  const decide = (ask: AllowRequest, { b }: { b: Origin }) =>
    isFor(b, ask) ? { waitMs: 60_000 } : undefined;
  assertEquals(await story(answerWith(200), { wait }, decide), ["A: success", "B: 200"]);
});

Deno.test("a gate that cannot be asked afterwards costs nobody the answer", async () => {
  const decide = (ask: AllowRequest, { b }: { b: Origin }): Decision => {
    if (isFor(b, ask)) throw new Error("no gate");
    return undefined;
  };
  assertEquals(await story(answerWith(200), {}, decide), ["A: success"]);
  assertEquals(
    await story(answerWith(503), { resolver: "crossref" }, decide),
    ["A for crossref: cancelled", "A: success"],
  );
});

Deno.test("with body full the host that redirected is told at the headers, the other at the end", async () => {
  await using hosts = twoHosts(answerWith(200));
  const gate = new RecordingGate();
  const response = await breakerFetch(gate, { body: "full" })(hosts.a.url);
  assertEquals(gate.story(hosts.names), ["A: success", "B: -"]);
  await response.text();
  assertEquals(gate.story(hosts.names), ["A: success", "B: 200"]);
});

Deno.test("an abort while the gate is asked about the other host gives that permit back", async () => {
  await using hosts = twoHosts(() => new Response(endlessBody()));
  const controller = new AbortController();
  const gate = new SlowRecordingGate((ask) => {
    if (isFor(hosts.b, ask)) controller.abort("enough");
    return undefined;
  });
  const gated = breakerFetch(gate, { body: "full" });
  const response = await gated(hosts.a.url, { signal: controller.signal });
  assertEquals(gate.story(hosts.names), ["A: success", "B: cancelled"]);
  assertEquals(await response.text().catch((reason) => reason), "enough");
  assertEquals(gate.outcomes.length, 2);
});

Deno.test("a body that breaks off after a redirect is the other host's failure", async () => {
  await using hosts = twoHosts(answerWith(200), serveRaw(CUT_OFF));
  const gate = new RecordingGate();
  const response = await breakerFetch(gate, { body: "full" })(hosts.a.url);
  await assertRejects(() => response.text());
  const [first, second] = gate.story(hosts.names);
  assertEquals(first, "A: success");
  assert(second?.startsWith("B: ") && second.endsWith("Error"), second);
});

Deno.test("with a resolver a good answer is told to all three, each once", async () => {
  const told = ["A for crossref: success", "B: 200"];
  assertEquals(await story(answerWith(200), { resolver: "crossref" }), told);
  assertEquals(await story(answerWith(200), { resolver: "crossref", body: "full" }), told);
});

for (const status of [404, 503]) {
  Deno.test(`with a resolver a ${status} is told to the other host and the resolver, each once`, async () => {
    const told = ["A for crossref: cancelled", "A: success", `B for crossref: ${status}`];
    assertEquals(await story(answerWith(status), { resolver: "crossref" }), told);
    assertEquals(await story(answerWith(status), { resolver: "crossref", body: "full" }), told);
  });
}

Deno.test("a resolver that is denied meanwhile does not keep the other host from being told", async () => {
  const decide = (ask: AllowRequest, { b }: { b: Origin }): Decision =>
    isFor(b, ask) && ask.resolver !== undefined
      ? { ...denial(), scope: "resolver", key: "crossref" }
      : undefined;
  assertEquals(
    await story(answerWith(503), { resolver: "crossref" }, decide),
    ["A for crossref: cancelled", "A: success", "B: 503"],
  );
});

Deno.test("with a resolver a body that breaks off or is cancelled is told once to each", async () => {
  await using cut = twoHosts(answerWith(200), serveRaw(CUT_OFF));
  const gate = new RecordingGate();
  const gated = breakerFetch(gate, { body: "full", resolver: "crossref" });
  const broken = await gated(cut.a.url);
  await assertRejects(() => broken.text());
  const lines = gate.story(cut.names);
  assertEquals(lines.slice(0, 2), ["A for crossref: cancelled", "A: success"]);
  assert(lines.length === 3 && lines[2]?.startsWith("B for crossref: "));
  await using endless = twoHosts(() => new Response(endlessBody()));
  await (await gated(endless.a.url)).body?.cancel();
  assertEquals(gate.story(endless.names).slice(3), ["A for crossref: cancelled"]);
});

Deno.test("a redirect that is not followed is the answer of the host that was asked", async () => {
  await using hosts = twoHosts(answerWith(200));
  const gate = new RecordingGate();
  const gated = breakerFetch(gate);
  await (await gated(hosts.a.url, { redirect: "manual" })).body?.cancel();
  await assertRejects(() => gated(hosts.a.url, { redirect: "error" }), TypeError);
  assertEquals(gate.story(hosts.names), ["A: 302", "A: TypeError"]);
});
