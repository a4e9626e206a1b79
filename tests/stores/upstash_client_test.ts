/**
 * The settings of the Upstash client and the traps in it: what it must never answer, and what its errors
 * must never tell.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Redis } from "@upstash/redis/cloudflare";
import type { Store } from "../../src/stores/store.ts";
import { type UpstashClient, upstashFromEnv, upstashStore } from "../../src/stores/upstash.ts";
import { redisTest } from "../support/upstash_cases.ts";
import { BRIDGE_TOKEN, type Trouble, type UpstashBridge } from "../support/upstash_bridge.ts";

const token = BRIDGE_TOKEN;
const PLAIN = { automaticDeserialization: false, responseEncoding: false } as const;
/** Every word that a call below sends, or that says where to. */
const SECRETS = [token, "secret-key", "secret-value", "secret-version", "mget", "evalsha", "http:"];

/** What each of the three calls rejects with. */
async function errorsOf(store: Store): Promise<Error[]> {
  return [
    await assertRejects(async () => await store.read(["secret-key"]), Error),
    await assertRejects(
      async () => await store.write("secret-key", "secret-value", "secret-version", 60_000),
      Error,
    ),
    await assertRejects(async () => await store.list("secret-key"), Error),
  ];
}

/** Fails where an error tells more than what was being done and why it failed. */
function assertTellsNothing(error: Error): void {
  const properties = Object.getOwnPropertyNames(error).map((name) => Reflect.get(error, name));
  const told = [Deno.inspect(error), JSON.stringify(error), ...properties.map(String)].join("\n");
  for (const secret of SECRETS) assert(!told.includes(secret), `'${secret}' is told: ${told}`);
  assertEquals([Object.getPrototypeOf(error), error.cause], [Error.prototype, undefined]);
}

const commandInError = JSON.stringify({
  error: `ERR unknown command, with args beginning with: 'secret-key' 'secret-value' ${token}`,
});
const troubles: readonly [name: string, trouble: Trouble, told: string][] = [
  ["no answer in time", { delayMs: 60_000 }, "did not answer"],
  ["a broken connection", { cut: true }, "could not be reached"],
  ["an error with the command in it", answer(400, commandInError), "refused"],
  ["an error of its own", answer(500, `{"error":"${token} secret-value"}`), "refused"],
  ["a page of a proxy", answer(502, `<h1>${token} secret-value</h1>`), "could not be read"],
  ["a page that says all is well", answer(200, `<h1>secret-value</h1>`), "could not be read"],
  ["an empty answer", answer(200, ""), "could not be read"],
  ["null", answer(200, "null"), "could not be"],
  ["an empty list", answer(200, "[]"), "could not be"],
  ["a result of null", answer(200, `[{"result":null}]`), "could not be"],
  ["a result of an object", answer(200, `[{"result":{}}]`), "could not be"],
  ["too few values", answer(200, `[{"result":[]}]`), "could not be"],
  ["too many values", answer(200, `[{"result":[null,null,null]}]`), "could not be"],
];

function answer(status: number, body: string): Trouble {
  return { instead: { status, body } };
}

for (const [name, trouble, told] of troubles) {
  redisTest(`upstash: ${name} is an error, never "absent", and tells nothing`, async (bridge) => {
    await using store = upstashStore({ url: bridge.url, token, timeoutMs: 50 });
    bridge.trouble = trouble;
    for (const error of await errorsOf(store)) {
      assertStringIncludes(error.message, told);
      assertTellsNothing(error);
    }
  });
}

redisTest("upstash: a wrong token is told, without the token", async (bridge) => {
  await using store = upstashStore({ url: bridge.url, token: "secret-value" });
  for (const error of await errorsOf(store)) {
    assertStringIncludes(error.message, "(WRONGPASS): check the token");
    assertTellsNothing(error);
  }
});

redisTest("upstash: a limit of the database is told", async (bridge) => {
  await using store = upstashStore({ url: bridge.url, token });
  bridge.trouble = answer(400, `{"error":"ERR max requests limit exceeded. Limit: 500000"}`);
  for (const error of await errorsOf(store)) {
    assertStringIncludes(error.message, "a limit of the database is reached");
  }
});

redisTest("upstash: what failed is not tried again, and the next call is", async (bridge) => {
  await using store = upstashStore({ url: bridge.url, token });
  bridge.trouble = answer(500, `{"error":"ERR"}`);
  await errorsOf(store);
  assertEquals(bridge.seen.length, 3);
  bridge.trouble = {};
  assertEquals(await store.read(["a"]), [undefined]);
});

Deno.test("upstash: a connection that breaks before the answer is tried once", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connections = 0;
  const serving = (async () => {
    for await (const connection of listener) {
      connections++;
      await connection.read(new Uint8Array(10_000));
      connection.close();
    }
  })();
  await using store = upstashStore({ url: `http://127.0.0.1:${listener.addr.port}`, token });
  for (const error of await errorsOf(store)) {
    assertStringIncludes(error.message, "could not be reached");
    assertTellsNothing(error);
  }
  assertEquals(connections, 3);
  listener.close();
  await serving;
});

redisTest(
  "upstash: a write that was carried out but not answered is a conflict next time",
  async (bridge) => {
    await using store = upstashStore({ url: bridge.url, token, timeoutMs: 200 });
    await store.write("a", "one", undefined, 60_000);
    bridge.trouble = { delayMs: 60_000 };
    await assertRejects(async () => await store.write("a", "two", "one", 60_000), Error, "in time");
    bridge.trouble = {};
    assertEquals(await store.write("a", "two", "one", 60_000), {
      ok: false,
      current: { value: "two", version: "two" },
    });
  },
);

redisTest(
  "upstash: the flag that locks one key stands first, and Redis itself refuses it",
  async (bridge) => {
    await using store = upstashStore({ url: bridge.url, token, allowKeyLocking: true });
    const error = await assertRejects(async () => await store.write("a", "one", undefined, 60_000));
    assertInstanceOf(error, Error);
    const [command] = bridge.seen.at(-1)!.body;
    assertStringIncludes(String(command), "eval,#!lua flags=allow-key-locking\n");
  },
);

/** Writes and reads what a client that parses would change. */
async function roundTrip(redis: UpstashClient): Promise<void> {
  await using store = upstashStore({ redis });
  for (const [at, value] of [`"text"`, "null", "007", `{"until":1}`].entries()) {
    await store.write(`key:${at}`, value, undefined, 60_000);
    assertEquals((await store.read([`key:${at}`]))[0]?.value, value);
    assertEquals((await store.list(`key:${at}`)).entries[0]?.value, value);
  }
}

redisTest("upstash: a given client that hands values on as they are is used", async ({ url }) => {
  await roundTrip(new Redis({ url, token, ...PLAIN }));
  await roundTrip(new Redis({ url, token, ...PLAIN, enableAutoPipelining: false }));
  await roundTrip(new Redis({ url, token, automaticDeserialization: false }));
});

redisTest(
  "upstash: a given client that parses values is refused with TypeError",
  async ({ url }) => {
    await using store = upstashStore({ redis: new Redis({ url, token }) });
    for (let times = 0; times < 2; times++) {
      await assertRejects(
        async () => await store.read(["a"]),
        TypeError,
        "make it with 'automaticDeserialization: false'",
      );
    }
  },
);

redisTest(
  "upstash: a given client that decodes what is not encoded is refused with TypeError",
  async (bridge) => {
    const redis = new Redis({ url: bridge.url, token, automaticDeserialization: false });
    await using store = upstashStore({ redis });
    bridge.trouble = answer(200, `[{"result":"1234"}]`);
    await assertRejects(
      async () => await store.read(["a"]),
      TypeError,
      "make it with 'responseEncoding: false'",
    );
  },
);

redisTest("upstash: a given client that gave up never reads as absent", async (bridge) => {
  for (const encoding of [PLAIN, { automaticDeserialization: false }]) {
    const giveUp = new AbortController();
    const settings = { url: bridge.url, token, signal: giveUp.signal, ...encoding };
    for (const enableAutoPipelining of [true, false]) {
      const redis = new Redis({ ...settings, enableAutoPipelining });
      await using store = upstashStore({ redis });
      if (!giveUp.signal.aborted) await store.write("a", "one", undefined, 60_000);
      giveUp.abort();
      for (const error of await errorsOf(store)) assertTellsNothing(error);
    }
  }
});

redisTest("upstash: a key that SCAN names twice is listed once", async (bridge) => {
  const redis = new Redis({ url: bridge.url, token, ...PLAIN });
  const client: UpstashClient = {
    mget: (keys) => redis.mget(keys),
    evalsha: (sha1, keys, args) => redis.evalsha(sha1, keys, args),
    eval: (script, keys, args) => redis.eval(script, keys, args),
    echo: (message) => redis.echo(message),
    scan: async (cursor, options) => {
      const [next, keys] = await redis.scan(cursor, options);
      return [next, [...keys, ...keys]];
    },
  };
  await using store = upstashStore({ redis: client });
  await store.write("a", "one", undefined, 60_000);
  assertEquals(await store.list(""), {
    entries: [{ key: "a", value: "one", version: "one" }],
  });
});

redisTest("upstash: to dispose waits for the calls under way", async ({ url }) => {
  const store = upstashStore({ url, token });
  const calls = Array.from(
    { length: 20 },
    (_, at) => store.write(`key:${at}`, "one", undefined, 60_000),
  );
  await store[Symbol.asyncDispose]();
  for (const result of await Promise.all(calls)) assert(result.ok);
});

redisTest("upstash: the environment that is handed in names the database", async ({ url }) => {
  const variables: Record<string, string> = {
    UPSTASH_REDIS_REST_URL: url,
    UPSTASH_REDIS_REST_TOKEN: token,
  };
  await using store = upstashFromEnv({ get: (name) => variables[name] });
  await store.write("a", "one", undefined, 60_000);
  assertEquals((await store.read(["a"]))[0]?.value, "one");
  for (const missing of Object.keys(variables)) {
    const env = { get: (name: string) => name === missing ? undefined : variables[name] };
    assertThrows(() => upstashFromEnv(env), TypeError, missing);
  }
});

redisTest("upstash: the store needs no permission but that of its host", async ({ url }) => {
  assertEquals(await readWithoutEnvironment(url), "[ undefined ]\n");
});

/** Reads in a process that may do nothing but talk to this machine. */
async function readWithoutEnvironment(url: UpstashBridge["url"]): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", "--no-lock", "--allow-net=127.0.0.1", "-"],
    cwd: `${import.meta.dirname}/../..`,
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(`
    import { upstashStore } from "./src/stores/upstash.ts";
    const store = upstashStore({ url: ${JSON.stringify(url)}, token: ${JSON.stringify(token)} });
    console.log(await store.read(["a"]));
    await store[Symbol.asyncDispose]();
  `));
  await writer.close();
  return new TextDecoder().decode((await child.output()).stdout);
}

Deno.test("upstash: an address that cannot be right is refused, without telling it", () => {
  const urls = [
    "",
    "secret-value",
    "redis://secret-value:6379",
    "https://a b",
    "https://u:pw@a.io",
  ];
  for (const url of urls) {
    const error = assertThrows(() => upstashStore({ url, token }), TypeError, "'url'");
    assert(!/secret-value|a b|pw/.test(error.message), error.message);
  }
  for (const wrong of ["", " secret", "secret\n", "sécret"]) {
    const open = () => upstashStore({ url: "https://a.io", token: wrong });
    const error = assertThrows(open, TypeError, "'token'");
    assert(!error.message.includes("cret"), error.message);
  }
  for (const timeoutMs of [0, -1, NaN, Infinity]) {
    const open = () => upstashStore({ url: "https://a.io", token, timeoutMs });
    assertThrows(open, RangeError, String(timeoutMs));
  }
});
