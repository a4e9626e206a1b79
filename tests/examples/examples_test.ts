/**
 * The small examples, each run as its first lines say.
 *
 * @module
 */
import { assertEquals, assertMatch, assertObjectMatch } from "@std/assert";
import { OtlpReceiver } from "../edge/otlp_receiver.ts";
import { ServerProcess } from "../edge/server_process.ts";
import { BRIDGE_TOKEN, startBridgedRedis } from "../support/upstash_bridge.ts";

function pathOf(name: string): string {
  return decodeURIComponent(new URL(`../../examples/${name}`, import.meta.url).pathname);
}

async function run(
  rights: string[],
  name: string,
  env: Record<string, string> = {},
): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...rights, pathOf(name)],
    env: { NO_COLOR: "1", ...env },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, text + new TextDecoder().decode(stderr));
  return text;
}

Deno.test("the fetch example stops asking a server that is down, and finds out when it is back", async () => {
  const text = await run(["--allow-net"], "fetch.ts");
  assertMatch(text, /^1: 503 Down\n2: 503 Down\n3: 503 Down\n4: not sent, ask again in \d+ ms\n/);
  assertMatch(text, /not sent, ask again in \d+ ms\n(\d+: 200 A page\n)+$/);
});

Deno.test("the registry example opens a role's breaker, a cooldown, and closes by hand", async () => {
  const text = await run([], "registry.ts");
  assertMatch(text, /api\.example\.org, role metadata: closed -> open \(open\)\ndenied: open/);
  assertMatch(text, /another role: true\n/);
  assertMatch(text, /in trouble: files\.example\.org open \(retry_after\)\n/);
  assertMatch(text, /after close: closed\n$/);
});

Deno.test("ky on top retries what failed, and nothing that was denied", async () => {
  const text = await run(["--allow-net", "--allow-env"], "ky.ts");
  assertMatch(text, /^first: \{ answers: 1 \}\nthen: not sent, ask again in 60 s\n/);
  assertMatch(text, /the server was asked 4 times\n$/);
});

Deno.test("the crawl example holds back lookups and files, each by itself", async () => {
  const lines = (await run(["--allow-net"], "crawl.ts")).trim().split("\n");
  assertEquals(lines, [
    "5 x metadata: 200",
    "8 x landing: 200",
    "2 x artifact: 502",
    "6 x artifact: not sent (host, open)",
    "1 x metadata: 429",
    "2 x metadata: not sent (host, retry_after)",
  ]);
});

Deno.test("Crawlee reads every page of a host that was down, and asks it little meanwhile", async () => {
  const text = await run(["-A"], "crawlee.ts");
  const [, done, asked] = /^(\d+) pages read, the host was asked (\d+) times\n$/m.exec(text) ?? [];
  assertEquals(done, "20");
  // Failures before it opened, by the four that run at once, and a probe now and then.
  assertEquals(Number(asked) >= 23 && Number(asked) <= 32, true, text);
});

Deno.test("the telemetry example counts its verdicts where a collector listens", async () => {
  await using receiver = new OtlpReceiver();
  await run(["-A"], "telemetry.ts", receiver.env);
  const denied = 'breakwater.verdicts{outcome="denied",reason="retry_after"}';
  await receiver.until(() => receiver.series.get(denied)! >= 2, denied);
});

Deno.test("the Deno KV entry answers to its tokens only, and ends when it is told to", async () => {
  await using edge = new ServerProcess({
    main: pathOf("deploy/deno_kv.ts"),
    env: { KV_PATH: ":memory:", CRAWL_TOKEN: "crawl", ADMIN_TOKEN: "admin" },
  });
  const url = await edge.url();
  const ask = (authorization: string) =>
    fetch(`${url}v1/allow`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization },
      body: '{"host":"api.example.org"}',
    });
  const refused = await ask("Bearer wrong");
  await refused.body?.cancel();
  assertEquals(refused.status, 401);
  assertObjectMatch(await (await ask("Bearer crawl")).json(), { allowed: true });
  edge.kill("SIGINT");
  assertEquals((await edge.ended()).code, 0);
});

Deno.test("the Upstash entry shares a cooldown with the next instance", async () => {
  await using bridge = await startBridgedRedis();
  await using origin = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(null, { status: 429, headers: { "retry-after": "60" } }),
  );
  const env = { UPSTASH_REDIS_REST_URL: bridge.url, UPSTASH_REDIS_REST_TOKEN: BRIDGE_TOKEN };
  const start = () => new ServerProcess({ main: pathOf("deploy/upstash.ts"), env });
  const target = `http://127.0.0.1:${origin.addr.port}/`;
  const crawl = async (instance: ServerProcess) =>
    (await fetch(`${await instance.url()}?url=${encodeURIComponent(target)}`)).json();
  await using first = start();
  assertEquals(await crawl(first), { target, status: 429 });
  await using second = start();
  assertObjectMatch(await crawl(second), { target, denied: "retry_after" });
});
