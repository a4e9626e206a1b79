/**
 * The server process on the stores that several servers share: SQLite, and Upstash before a real Redis.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { hasRedisServer, REDIS_HINT } from "../support/redis_server.ts";
import { BRIDGE_TOKEN, startBridgedRedis } from "../support/upstash_bridge.ts";
import { ServerProcess } from "./server_process.ts";

const HOST = "down.example.org";
const WRONG_TOKEN = "not-the-token-of-this-database";
/** No noise of the machine makes an answer degraded; every process sees the other's doing at once. */
const PATIENT = "store: { timeout_ms: 10000, freshness_ms: 0 }\ndefaults: { fail_max: 2 }\n";

async function post(url: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return await response.json();
}

async function readiness(url: string): Promise<[status: number, ready: unknown]> {
  const response = await fetch(`${url}/readyz`);
  return [response.status, (await response.json()).ready];
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "breakwater-edge-" });
  try {
    await Deno.writeTextFile(`${folder}/breakers.yaml`, PATIENT);
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Two servers on one store: each counts what the other was told, and the end of both loses nothing. */
async function share(cwd: string, env: Record<string, string>): Promise<string> {
  const options = { cwd, env: { BREAKWATER_CONFIG: `${cwd}/breakers.yaml`, ...env } };
  let output = "";
  {
    await using one = new ServerProcess(options);
    await using two = new ServerProcess(options);
    const urls = [await one.url(), await two.url()];
    for (const url of urls) assertEquals(await readiness(url), [200, true]);
    for (const url of urls) {
      const { allowed, permit } = await post(url, "/v1/allow", { host: HOST });
      assertEquals(allowed, true);
      assertEquals((await post(url, "/v1/record", { permit, status: 503 })).recorded, true);
    }
    for (const url of urls) {
      const { allowed, reason, degraded } = await post(url, "/v1/allow", { host: HOST });
      assertEquals([allowed, reason, degraded], [false, "open", undefined]);
    }
    for (const server of [one, two]) {
      server.kill("SIGTERM");
      const ended = await server.ended();
      assertEquals(ended.code, 0, ended.output);
      output += ended.output;
    }
  }
  await using later = new ServerProcess(options);
  assertEquals((await post(await later.url(), "/v1/allow", { host: HOST })).reason, "open");
  return output;
}

Deno.test("two servers share an SQLite file, and a third finds what they wrote", async () => {
  await withFolder(async (cwd) => {
    const output = await share(cwd, { BREAKWATER_STORE: "sqlite:shared.sqlite" });
    assertStringIncludes(output, "Store: sqlite in shared.sqlite");
    assert((await Deno.stat(`${cwd}/shared.sqlite`)).isFile);
  });
});

Deno.test("a missing variable of Upstash ends the start with its name, and no secret is told", async () => {
  const secret = "AXsecretsecretsecretsecret";
  const url = "https://secret-name.upstash.io";
  for (
    const [env, missing] of [
      [{ UPSTASH_REDIS_REST_TOKEN: secret }, "UPSTASH_REDIS_REST_URL"],
      [{ UPSTASH_REDIS_REST_URL: url }, "UPSTASH_REDIS_REST_TOKEN"],
      [
        { UPSTASH_REDIS_REST_URL: secret, UPSTASH_REDIS_REST_TOKEN: url + secret },
        "like https://",
      ],
    ] as const
  ) {
    await using server = new ServerProcess({
      env: {
        BREAKWATER_STORE: "upstash:",
        UPSTASH_REDIS_REST_URL: "",
        UPSTASH_REDIS_REST_TOKEN: "",
        ...env,
      },
    });
    const { code, output } = await server.ended();
    assertEquals(code, 1, output);
    assertStringIncludes(output, missing);
    assertNotMatch(output, /^\s+at /m);
    for (const word of [secret, "secret-name"]) assert(!output.includes(word), output);
  }
});

function redisTest(name: string, run: () => Promise<void>): void {
  if (isThere) Deno.test(name, run);
  else Deno.test.ignore(`${name} (needs redis-server: ${REDIS_HINT})`, () => {});
}

const isThere = await hasRedisServer();

redisTest(
  "two servers share a database of Upstash, and a third finds what they wrote",
  async () => {
    await using bridge = await startBridgedRedis();
    await withFolder(async (cwd) => {
      const output = await share(cwd, {
        BREAKWATER_STORE: "upstash:",
        UPSTASH_REDIS_REST_URL: bridge.url,
        UPSTASH_REDIS_REST_TOKEN: BRIDGE_TOKEN,
      });
      assertStringIncludes(output, "Store: upstash");
      assert(!output.includes(BRIDGE_TOKEN), output);
      assertMatch(String(await bridge.redis("GET", `breakwater:host:${HOST}`)), /^\{"v":1/);
    });
  },
);

redisTest(
  "with a wrong token the server starts, answers by itself, and tells at the end what is lost",
  async () => {
    await using bridge = await startBridgedRedis();
    await using server = new ServerProcess({
      env: {
        BREAKWATER_STORE: "upstash:",
        BREAKWATER_DEFAULTS: "fail_max:1",
        BREAKWATER_DEBUG: "1",
        UPSTASH_REDIS_REST_URL: bridge.url,
        UPSTASH_REDIS_REST_TOKEN: WRONG_TOKEN,
      },
    });
    const url = await server.url();
    assertEquals(await readiness(url), [503, false]);
    const before = await post(url, "/v1/allow", { host: HOST });
    assertEquals([before.allowed, before.degraded], [true, true]);
    await post(url, "/v1/record", { permit: before.permit, status: 503 });
    const startedAt = performance.now();
    const after = await post(url, "/v1/allow", { host: HOST });
    assertEquals([after.allowed, after.reason, after.degraded], [false, "open", true]);
    assertLess(performance.now() - startedAt, 5_000);
    server.kill("SIGTERM");
    const { code, output } = await server.ended();
    assertEquals(code, 1, output);
    assertStringIncludes(output, "\nLost: the store could not be told of 1 record\n");
    assert(!output.includes(WRONG_TOKEN), output);
    assertEquals(bridge.seen, []);
  },
);

redisTest(
  "a server that ends right after an outage loses nothing of what it was told in it",
  async () => {
    await using bridge = await startBridgedRedis();
    await using server = new ServerProcess({
      env: {
        BREAKWATER_STORE: "upstash:",
        UPSTASH_REDIS_REST_URL: bridge.url,
        UPSTASH_REDIS_REST_TOKEN: BRIDGE_TOKEN,
      },
    });
    const url = await server.url();
    bridge.trouble = { instead: { status: 500, body: "{}" } };
    const hosts = Array.from({ length: 10 }, (_, i) => `h${i}.example.org`);
    for (const host of hosts) {
      const { permit } = await post(url, "/v1/allow", { host });
      assertEquals((await post(url, "/v1/record", { permit, status: 503 })).recorded, true);
    }
    bridge.trouble = {};
    server.kill("SIGTERM");
    const { code, output } = await server.ended();
    assertEquals(code, 0, output);
    assertNotMatch(output, /Lost/);
    for (const host of hosts) {
      assertMatch(String(await bridge.redis("GET", `breakwater:host:${host}`)), /^\{"v":1/);
    }
  },
);
