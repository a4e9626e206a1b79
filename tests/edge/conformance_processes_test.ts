/**
 * What the contract says of several servers on one store, and of a store that does not answer: real processes.
 *
 * @module
 */
import deno from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { EventStreamReader } from "./event_reader.ts";
import { ServerProcess } from "./server_process.ts";

const FRESHNESS_MS = 500;
const TIMEOUT_MS = 250;
const TOKEN = "admin-token-000001";

// deno-lint-ignore no-explicit-any -- whatever JSON came back
async function call(method: string, url: string, body?: unknown): Promise<any> {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
    body: JSON.stringify(body),
  });
  assertLess(response.status, 500, url);
  return await response.json();
}

/** Asks until the answer is this one; none that is asked for later than `freshnessMs` from now may be another. */
async function untilAllowed(url: string, host: string, allowed: boolean): Promise<void> {
  const startedAt = performance.now();
  for (;;) {
    const askedAt = performance.now() - startedAt;
    const verdict = await call("POST", `${url}/v1/allow`, { host });
    assertEquals(verdict.degraded, undefined);
    if (verdict.allowed === allowed) return;
    assertLess(askedAt, FRESHNESS_MS, `${host} was answered by what no longer holds`);
  }
}

for (const share of ["state", "cooldowns"]) {
  Deno.test(`with share ${share}, an operator's open and close at one server are seen by another within freshness_ms, and its readers are told`, async () => {
    const folder = await Deno.makeTempDir();
    await using clean = new AsyncDisposableStack();
    clean.defer(() => Deno.remove(folder, { recursive: true }));
    // Patient, so that no noise of the machine makes an answer degraded.
    const store = `{ share: ${share}, freshness_ms: ${FRESHNESS_MS}, timeout_ms: 10000 }`;
    await Deno.writeTextFile(`${folder}/breakers.yaml`, `store: ${store}\n`);
    const env = {
      BREAKWATER_STORE: `deno-kv:${folder}/shared.kv`,
      BREAKWATER_CONFIG: `${folder}/breakers.yaml`,
    };
    await using one = new ServerProcess({ env });
    await using other = new ServerProcess({ env });
    const [here, there] = [await one.url(), await other.url()];
    await using reader = new EventStreamReader(await fetch(`${there}/v1/events`));
    await reader.block();
    const seen: string[] = [];
    for (let round = 0; round < 3; round++) {
      const host = `h${round}.example.org`;
      await untilAllowed(there, host, true); // known there, and healthy
      await call("PUT", `${here}/v1/breakers/${host}`, { state: "open", reason: "by hand" });
      await untilAllowed(there, host, false);
      await call("DELETE", `${here}/v1/breakers/${host}`);
      await untilAllowed(there, host, true);
      seen.push(`open ${host}`, `close ${host}`);
    }
    const told: string[] = [];
    while (told.length < seen.length) {
      const event = await reader.next();
      assert(event !== undefined, `the stream ended after ${told}`);
      if (event.event === "operator") told.push(`${event.data.action} ${event.data.key}`);
    }
    assertEquals(told, seen);
  });
}

Deno.test("deno.json tells Deno Deploy to start the server, and to install what that imports", async () => {
  const { install, runtime } = deno.deploy;
  assertEquals(runtime.type, "dynamic");
  assertEquals(install, `deno install --entrypoint ${runtime.entrypoint}`);
  const main = new URL(`../../${runtime.entrypoint}`, import.meta.url);
  assertStringIncludes(await Deno.readTextFile(main), "import.meta.main");
});

/** Takes connections, and never says a word. */
function silentServer(): Disposable & { url: string } {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections: Deno.Conn[] = [];
  (async () => {
    for await (const connection of listener) connections.push(connection);
  })();
  return {
    url: `http://127.0.0.1:${(listener.addr as Deno.NetAddr).port}`, // safe: it listens on TCP
    [Symbol.dispose]() {
      listener.close();
      for (const connection of connections) connection.close();
    },
  };
}

/** Stores that are elsewhere, and how a server is told of them. */
const ELSEWHERE: Record<string, (url: string) => Record<string, string>> = {
  "a database of Upstash": (url) => ({
    BREAKWATER_STORE: "upstash:",
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: "a-token-of-upstash",
  }),
  "the database of Deno Deploy": (url) => ({
    DENO_DEPLOY: "true",
    DENO_KV_DEFAULT_PATH: url,
    DENO_KV_ACCESS_TOKEN: "a-token-of-deno-kv",
  }),
};

for (const [store, variables] of Object.entries(ELSEWHERE)) {
  Deno.test(`while ${store} is silent the server starts, and answers its first request within timeout_ms`, async () => {
    using silent = silentServer();
    await using server = new ServerProcess({
      env: { BREAKWATER_ADMIN_TOKENS: TOKEN, ...variables(silent.url) },
    });
    const url = await server.url();
    // The connection stands: what is measured is the server.
    await (await fetch(`${url}/healthz`)).text();
    const startedAt = performance.now();
    const verdict = await call("POST", `${url}/v1/allow`, { host: "example.org" });
    const ms = performance.now() - startedAt;
    assertEquals([verdict.allowed, verdict.degraded], [true, true]);
    assertGreater(ms, TIMEOUT_MS / 2, "the store was asked");
    assertLess(ms, 4 * TIMEOUT_MS);
    const ready = await fetch(`${url}/readyz`);
    assertEquals([ready.status, await ready.json()], [503, { ready: false }]);
  });
}

Deno.test("where the database of Deno Deploy cannot be opened the log says so, and verdicts come from memory", async () => {
  await using server = new ServerProcess({
    env: {
      BREAKWATER_ADMIN_TOKENS: TOKEN,
      // Nothing listens on the port that nothing may listen on.
      ...ELSEWHERE["the database of Deno Deploy"]!("http://127.0.0.1:0"),
    },
  });
  const url = await server.url();
  await server.said(/The database does not answer.*Is one assigned to the app\?/);
  const { allowed, degraded } = await call("POST", `${url}/v1/allow`, { host: "example.org" });
  assertEquals([allowed, degraded], [true, true]);
});
