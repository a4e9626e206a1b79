/**
 * The store in Upstash Redis before a real Redis: the contract, and what is written and asked.
 *
 * @module
 */
import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import { Redis } from "@upstash/redis/cloudflare";
import { upstashStore } from "../../src/stores/upstash.ts";
import { testStore } from "../contract/store_contract.ts";
import { upstashTarget } from "../support/open_store.ts";
import { hasRedisServer } from "../support/redis_server.ts";
import { BRIDGE_TOKEN, startBridgedRedis } from "../support/upstash_bridge.ts";
import { redisTest, VERSION_IS_VALUE } from "../support/upstash_cases.ts";

const token = BRIDGE_TOKEN;

if (await hasRedisServer()) {
  testStore("upstash", async () => {
    const bridge = await startBridgedRedis();
    const { url, redis } = bridge;
    return {
      store: upstashStore({ url, token }),
      second: () => Promise.resolve(upstashStore({ url, token })),
      worker: { backend: "upstash", target: upstashTarget(url, token) },
      plant: {
        "a number": (key) => redis("SET", key, "9007199254740993"),
        "the word null": (key) => redis("SET", key, "null"),
        "an empty text": (key) => redis("SET", key, ""),
        "bytes that are no UTF-8": (key) => redis("SET", key, new Uint8Array([0xff, 0x41, 0xe4])),
        "a list": (key) => redis("RPUSH", key, "one"),
        "a hash": (key) => redis("HSET", key, "field", "one"),
      },
      outage: {
        hasty: () => upstashStore({ url, token, timeoutMs: 50 }),
        begin: () => {
          bridge.trouble = { delayMs: 60_000 };
          const end = () => Promise.resolve(void (bridge.trouble = {}));
          return Promise.resolve({ [Symbol.asyncDispose]: end });
        },
      },
      cleanUp: () => bridge[Symbol.asyncDispose](),
    };
  }, { skip: [VERSION_IS_VALUE] });
}

redisTest("upstash: a value stands in Redis as it is, under its key", async (bridge) => {
  await using store = upstashStore({ url: bridge.url, token });
  const value = `{"until":1700000000000,"reason":"retry_after"}`;
  await store.write("breakwater:cooldown:api.example.org", value, undefined, 60_000);
  assertEquals(await bridge.redis("GET", "breakwater:cooldown:api.example.org"), value);
});

redisTest("upstash: every write sets the time to live, in whole milliseconds", async (bridge) => {
  await using store = upstashStore({ url: bridge.url, token });
  await store.write("a", "one", undefined, 59_999.5);
  const pttl = Number(await bridge.redis("PTTL", "a"));
  assertGreater(pttl, 50_000);
  assertLessOrEqual(pttl, 60_000);
  await store.write("a", "one", "one", Infinity);
  assertEquals(await bridge.redis("PTTL", "a"), -1);
  await store.write("a", "two", "one", 1_000);
  assertLessOrEqual(Number(await bridge.redis("PTTL", "a")), 1_000);
});

redisTest("upstash: one MGET asks for all keys, and none for no keys", async (bridge) => {
  await using store = upstashStore({ url: bridge.url, token });
  const keys = Array.from({ length: 50 }, (_, at) => `key:${at}`);
  await store.read(["", ...keys, "a\0b"]);
  assertEquals(bridge.seen.map((request) => request.body), [[["mget", ...keys]]]);
  await store.read([]);
  await store.read([""]);
  assertEquals(bridge.seen.length, 1);
});

redisTest("upstash: calls made at the same moment travel together", async (bridge) => {
  await using store = upstashStore({ url: bridge.url, token });
  await store.write("warm", "one", undefined, 60_000);
  bridge.seen.length = 0;
  const keys = Array.from({ length: 10 }, (_, at) => `key:${at}`);
  await Promise.all(keys.map((key) => store.write(key, "one", undefined, 60_000)));
  assertEquals(bridge.seen.map((request) => request.body.length), [10]);
  await Promise.all(keys.map((key) => store.read([key])));
  assertEquals(bridge.seen.map((request) => request.body.length), [10, 10]);
});

redisTest("upstash: the script is sent once, then called by its digest", async (bridge) => {
  await using store = upstashStore({ url: bridge.url, token });
  const sent = () => bridge.seen.splice(0).map(({ body: [command] }) => (command as string[])[0]);
  await store.write("a", "one", undefined, 60_000);
  assertEquals(sent(), ["evalsha", "eval"]);
  await store.write("a", "two", "one", 60_000);
  assertEquals(sent(), ["evalsha"]);
  await bridge.redis("SCRIPT", "FLUSH");
  assertEquals(await store.write("a", "three", "two", 60_000), { ok: true, version: "three" });
  assertEquals(sent(), ["evalsha", "eval"]);
});

redisTest("upstash: a conflict tells what stands there", async (bridge) => {
  await using store = upstashStore({ url: bridge.url, token });
  await store.write("a", "one", undefined, 60_000);
  for (const expected of [undefined, "zero"]) {
    assertEquals(await store.write("a", "two", expected, 60_000), {
      ok: false,
      current: { value: "one", version: "one" },
    });
  }
  assertEquals(await store.write("b", "two", "zero", 60_000), { ok: false, current: undefined });
});

redisTest(
  "upstash: a value with U+FFFD, which may stand for any bytes, is compared all the same",
  async (bridge) => {
    await using store = upstashStore({ url: bridge.url, token });
    await store.write("a", "note \ufffd 2", undefined, 60_000);
    assertEquals((await store.write("a", "new", "note \ufffd 1", 60_000)).ok, false);
    assertEquals((await store.write("a", "new", "note \ufffd 2", 60_000)).ok, true);
  },
);

redisTest(
  "upstash: what others keep in the database is neither listed nor touched",
  async (bridge) => {
    await using store = upstashStore({ url: bridge.url, token });
    await bridge.redis("RPUSH", "a:list", "foreign");
    await bridge.redis("SET", "b:text", "foreign");
    await bridge.redis("SET", "k".repeat(2_000), "foreign");
    await store.write("a:mine", "one", undefined, 60_000);
    const mine = { key: "a:mine", value: "one", version: "one" };
    assertEquals(await store.list("a:"), { entries: [mine] });
    assertEquals((await store.list("k")).entries, []);
    assertEquals((await store.write("a:list", undefined, undefined, 1)).ok, true);
    assertEquals(await bridge.redis("TYPE", "a:list"), "list");
  },
);

redisTest("upstash: requests carry the token and nothing that tells who asks", async (bridge) => {
  await using store = upstashStore({ url: `${bridge.url}/`, token });
  await store.read(["a"]);
  const names = [...bridge.seen[0]!.headers.keys()];
  assert(names.includes("authorization"));
  assertEquals(names.filter((name) => /telemetry|encoding$/.test(name)), ["accept-encoding"]);
});

redisTest(
  "the bridge of these tests carries out transactions and encodes as Upstash does",
  async ({ url }) => {
    const redis = new Redis({ url, token });
    const results = await redis.multi().set("a", "Grüße").get("a").mget("a", "b").exec();
    assertEquals(results, ["OK", "Grüße", ["Grüße", null]]);
    const answer = await fetch(url, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "upstash-encoding": "base64" },
      body: `["GET", "a"]`,
    });
    assertEquals(await answer.json(), { result: "R3LDvMOfZQ==" });
  },
);
