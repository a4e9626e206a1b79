/**
 * Events of real server processes on real sockets: from one process to another, to slow readers, to the end.
 *
 * @module
 */
import { assert, assertEquals, assertLess, assertNotMatch } from "@std/assert";
import { EventStreamReader } from "./event_reader.ts";
import { ServerProcess } from "./server_process.ts";

const MEMORY = { BREAKWATER_STORE: "memory:", BREAKWATER_DEFAULTS: "fail_max:1" };
const DEADLINE_MS = 30_000;

async function openHost(url: string, host: string, reason = "by hand"): Promise<void> {
  const response = await fetch(`${url}/v1/breakers/${host}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ state: "open", reason }),
  });
  assertEquals(response.status, 200);
  await response.body?.cancel();
}

async function readEvents(url: string, lastEventId = ""): Promise<EventStreamReader> {
  const response = await fetch(`${url}/v1/events`, { headers: { "last-event-id": lastEventId } });
  assertEquals(response.status, 200);
  return new EventStreamReader(response);
}

/** Waits until a metric of the server has this value. */
async function untilMetric(url: string, name: string, wanted: number): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const text = await (await fetch(`${url}/metrics`)).text();
    const found = new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1];
    if (Number(found) === wanted) return;
    if (Date.now() > deadline) throw new Error(`${name} is ${found}, not ${wanted}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("an event at one server reaches the readers of another on the same store within two seconds, and each resumes at the other", async () => {
  const folder = await Deno.makeTempDir();
  const env = { BREAKWATER_STORE: `deno-kv:${folder}/shared.kv` };
  try {
    await using one = new ServerProcess({ env });
    await using other = new ServerProcess({ env });
    const [here, there] = [await one.url(), await other.url()];
    const id = await (async () => {
      await using reader = await readEvents(there);
      await reader.block();
      await openHost(here, "first.example.org");
      const startedAt = performance.now();
      const event = await reader.next();
      assertLess(performance.now() - startedAt, 2_500);
      assertEquals([event!.event, event!.data.key, event!.data.to], [
        "transition",
        "first.example.org",
        "open",
      ]);
      return event!.id!;
    })();
    await openHost(there, "second.example.org");
    await openHost(here, "third.example.org");
    for (const url of [here, there]) {
      await using reader = await readEvents(url, id);
      const missed = new Set([
        "operator first.example.org",
        "transition second.example.org",
        "operator second.example.org",
        "transition third.example.org",
        "operator third.example.org",
      ]);
      while (missed.size > 0) {
        const [word] = await reader.words(1);
        assert(missed.delete(word!), `${word} was told without need at ${url}`);
      }
    }
    const policy = await fetch(`${here}/v1/policies/first.example.org`, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ fail_max: 9 }),
    });
    assertEquals(policy.status, 200, await policy.text());
    await using reader = await readEvents(there, id);
    let words: string[];
    do words = await reader.words(1); while (words[0] !== "policy first.example.org");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a socket that does not read is cut off, while the server answers and other readers miss nothing", async () => {
  await using server = new ServerProcess({ env: MEMORY });
  const url = await server.url();
  const { hostname, port } = new URL(url);
  const slow = await Deno.connect({ hostname, port: Number(port) });
  await slow.write(new TextEncoder().encode("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  await using quick = await readEvents(url);
  await untilMetric(url, "breakwater_event_readers", 2);
  const label = "x".repeat(60);
  let told = 0;
  const deadline = Date.now() + DEADLINE_MS;
  for (let round = 0;; round++) {
    const hosts = Array.from(
      { length: 100 },
      (_, i) => `${round}-${i}.${label}.${label}.${label}.org`,
    );
    const asked = await batch(url, { allow: hosts.map((host) => ({ host })) });
    const permits = asked.allow.map(({ permit }: { permit: string }) => permit);
    await batch(url, { record: permits.map((permit: string) => ({ permit, status: 503 })) });
    for (let i = 0; i < 100; told++) {
      const { data, event } = (await quick.next())!;
      // So many at once push out what other processes may have told, and readers hear of that too.
      if (event === "gap") continue;
      assertEquals(data.to, "open");
      i++;
    }
    const metrics = await (await fetch(`${url}/metrics`)).text();
    if (metrics.includes("\nbreakwater_event_readers_dropped_total 1\n")) break;
    assertLess(Date.now(), deadline, `not dropped after ${told} events`);
  }
  await untilMetric(url, "breakwater_event_readers", 1);
  slow.close();
  server.kill("SIGTERM");
  const { code, output } = await server.ended();
  assertEquals(code, 0, output);
  assertNotMatch(output, /\n +at /, "a stack stands in the log");
});

// deno-lint-ignore no-explicit-any -- whatever JSON came back
async function batch(url: string, body: unknown): Promise<any> {
  const response = await fetch(`${url}/v1/batch`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  assertEquals(response.status, 200);
  return await response.json();
}

Deno.test("a reader who closes its connection is forgotten", async () => {
  await using server = new ServerProcess({ env: MEMORY });
  const url = await server.url();
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(
    new TextEncoder().encode("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"),
  );
  await untilMetric(url, "breakwater_event_readers", 1);
  connection.close();
  await untilMetric(url, "breakwater_event_readers", 0);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`streams end cleanly on ${signal}, and the process at once`, async () => {
    await using server = new ServerProcess({ env: MEMORY });
    const url = await server.url();
    await using reader = await readEvents(url);
    await openHost(url, "last.example.org");
    assertEquals(await reader.words(2), [
      "transition last.example.org",
      "operator last.example.org",
    ]);
    const startedAt = performance.now();
    server.kill(signal);
    assertEquals(await reader.next(), undefined);
    const { code, output } = await server.ended();
    assertEquals(code, 0, output);
    assertLess(performance.now() - startedAt, 3_000);
  });
}
