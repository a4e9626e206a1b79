/**
 * The doctor finds each fault that it claims to find, says what to do, and finds none where there is none.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { examineRuntime } from "../../src/cli/doctor_machine.ts";
import { sqliteStore } from "../../src/stores/sqlite.ts";
import { hasRedisServer, REDIS_HINT } from "../support/redis_server.ts";
import { BRIDGE_TOKEN, startBridgedRedis } from "../support/upstash_bridge.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { here } from "./cli_here.ts";
import { breakwater, type CliEnded, type CliOptions, jsonOf } from "./cli_process.ts";
import { localServer } from "./local_server.ts";
import { edgePlace, READ, storePlace } from "./places.ts";

interface Finding {
  check: string;
  health: "ok" | "note" | "fault";
  says: string;
}

/** What it finds, by what it looked at, with its exit code in keeping. */
async function examine(
  args: string[],
  options: CliOptions = {},
  run: (args: string[], options: CliOptions) => Promise<CliEnded> = here,
): Promise<Map<string, Finding>> {
  const ended = await run(["doctor", "--json", ...args], options);
  const { ok, checks }: { ok: boolean; checks: Finding[] } = jsonOf(ended, ended.code);
  const faults = checks.filter(({ health }) => health === "fault");
  assertEquals([ended.code, ok], faults.length > 0 ? [1, false] : [0, true], ended.out);
  return new Map(checks.map((finding) => [finding.check, finding]));
}

function assertFault(found: Map<string, Finding>, check: string, ...words: string[]): void {
  const finding = found.get(check);
  assertEquals(finding?.health, "fault", JSON.stringify([...found.values()]));
  for (const word of words) assertStringIncludes(finding!.says, word);
  const others = [...found.values()].filter((each) => each.health === "fault" && each !== finding);
  assertEquals(others, [], "one fault is one line");
}

Deno.test("where all is well each line is ok, and says so in words too", async () => {
  await using place = await storePlace("sqlite");
  const tokens = { BREAKWATER_ADMIN_TOKENS: "a-long-enough-token" };
  const { code, out } = await breakwater(["doctor", ...place.args], { env: tokens });
  assertEquals(code, 0, out);
  for (const check of ["runtime", "config", "store", "compare-set", "clock", "tokens"]) {
    assert(new RegExp(`^ok +${check} `, "m").test(out), `${check} is not ok:\n${out}`);
  }
  assert(!out.includes("FAULT") && !out.includes("a-long-enough-token"));
  const found = await examine(place.args, { env: tokens }, breakwater);
  assert(/answers in \d+\.\d ms/.test(found.get("store")!.says));
  assertEquals(found.get("deploy")?.health, "note");
  assertFault(await examine(["--deploy", ...place.args], { env: tokens }), "deploy", "upstash:");
});

Deno.test("a store that cannot be opened is found", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/no/such/folder/b.sqlite`;
  const says = `Cannot open '${path}' as the store: its directory must exist and be writable. Set `;
  assertFault(await examine(["--store", `sqlite:${path}`]), "store", says, "BREAKWATER_STORE");
  await Deno.writeTextFile(
    `${folder.path}/text.sqlite`,
    "no database at all, only words\n".repeat(100),
  );
  assertFault(await examine(["--store", `sqlite:${folder.path}/text.sqlite`]), "store");
});

Deno.test("a runtime that is older than the server needs is found", () => {
  const health = (deno: string) => examineRuntime({ deno }).map(({ health }) => health);
  assertEquals(health("2.4.9"), ["fault"]);
  assertEquals(health("1.46.3"), ["fault"]);
  assertEquals(health("2.5.0"), ["ok"]);
  assertEquals(health("3.0.0"), ["ok"]);
});

Deno.test("a store that is made now is told of: perhaps its path is wrong", async () => {
  await using place = await storePlace("sqlite");
  const found = await examine(place.args);
  assertEquals(found.get("file")?.health, "note");
  assertStringIncludes(found.get("file")!.says, "the path is wrong");
  assertEquals((await examine(place.args)).has("file"), false);
});

Deno.test("a process on the store whose clock is ahead is found", async () => {
  await using place = await storePlace("sqlite");
  await using store = sqliteStore(place.args[1]!.replace("sqlite:", ""));
  const at = Date.now() + 90_000;
  const id = `${at}-abcdefgh-0`;
  const ring = `events 1\n${id} operator {"id":"${id}","type":"operator"}`;
  await store.write("breakwater:events", ring, undefined, Infinity);
  assertFault(await examine(place.args), "clock", "another process", "ahead", "NTP");
});

Deno.test("a configuration that is wrong or cannot be read is found, and the rest is looked at all the same", async () => {
  await using place = await storePlace("sqlite");
  const missing = await examine(["--breaker-config", "/no/such/breakers.yaml", ...place.args]);
  assertEquals(missing.get("config")?.health, "fault");
  assertStringIncludes(missing.get("config")!.says, "/no/such/breakers.yaml");
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/b.yaml`, "defaults: { fail_mx: 3 }\n");
  const wrong = await examine([...place.args], {
    env: { BREAKWATER_CONFIG: `${folder.path}/b.yaml`, BREAKWATER_STORE: "" },
  });
  assertStringIncludes(wrong.get("config")!.says, "did you mean 'fail_max'?");
  assert(wrong.has("runtime") && wrong.has("tokens"));
});

Deno.test("tokens that cannot be used, and variables that have no effect, are told of", async () => {
  await using place = await storePlace("sqlite");
  const found = await examine(place.args, {
    env: { BREAKWATER_ADMIN_TOKENS: "not a token", BREAKWATER_MOOD: "off" },
  });
  assertFault(found, "tokens", "BREAKWATER_ADMIN_TOKENS");
  assertStringIncludes(found.get("variables")!.says, "BREAKWATER_MODE");
});

Deno.test("a permission that this process lacks is found, by the flag that grants it", async () => {
  await using place = await storePlace("sqlite");
  const path = place.args[1]!.replace("sqlite:", "");
  const read = ["--allow-env", "--allow-read"];
  const store = await examine(place.args, { allow: read }, breakwater);
  assertFault(store, "permissions", `--allow-write=${path}`);
  const net = await examine(["--url", "http://127.0.0.1:9"], { allow: read }, breakwater);
  assertFault(net, "permissions", "--allow-net=127.0.0.1:9");
});

Deno.test("an edge that is not there, is something else, wants a token or knows it not, is found", async () => {
  await using place = await edgePlace();
  const [, url] = place.args;
  const found = await examine(place.args, { env: place.env });
  for (const check of ["edge", "store", "clock", "token"]) {
    assertEquals(found.get(check)?.health, "ok", JSON.stringify(found.get(check)));
  }
  const nothing = await examine(["--url", "http://127.0.0.1:9"], {}, breakwater);
  assertFault(nothing, "edge", "cannot be reached", "serve");
  assertFault(await examine(place.args), "token", "asks for a token", "BREAKWATER_TOKEN");
  const wrong = await examine([...place.args, "--token", "nobody-knows-this"]);
  assertFault(wrong, "token", "does not know this token");
  const reader = await examine(["--url", url!], { env: { BREAKWATER_TOKEN: READ } });
  assertFault(reader, "token", "may read", "not crawl, admin", "BREAKWATER_ADMIN_TOKENS");
  await using other = localServer(() => new Response("<html>"));
  assertFault(await examine(["--url", other.url]), "edge", "mend --url");
});

Deno.test("an edge whose clock is wrong, or whose store does not answer, is found", async () => {
  await using place = await edgePlace();
  const target = new URL(place.args[1]!);
  let change = (response: Response): Response => response;
  await using proxy = localServer(async (request) => {
    const { pathname } = new URL(request.url);
    const url = new URL(pathname, target);
    const body = request.method === "GET" ? undefined : await request.text();
    const { method, headers } = request;
    const answer = await fetch(url, { method, headers, body });
    const response = new Response(await answer.text(), {
      status: answer.status,
      headers: answer.headers,
    });
    return pathname === "/healthz" || pathname === "/readyz" ? change(response) : response;
  });
  const args = ["--url", proxy.url];
  for (const [byMs, words] of [[-60_000, "behind"], [60_000, "ahead of"]] as const) {
    change = (response) => {
      response.headers.set("date", new Date(Date.now() + byMs).toUTCString());
      return response;
    };
    assertFault(await examine(args, { env: place.env }), "clock", words, "NTP");
  }
  change = (response) => new Response('{"ready":false,"ok":true}', { ...response, status: 503 });
  assertFault(await examine(args, { env: place.env }), "store", "cannot reach its store");
});

Deno.test({
  name:
    "an Upstash database that is down, refuses the token or has another clock is found, its token never shown",
  ignore: !await hasRedisServer() && (console.info(REDIS_HINT), true),
  async fn() {
    await using bridge = await startBridgedRedis();
    let skewS = 0;
    let waitMs = 0;
    let write: "real" | "refused" | "always taken" = "real";
    await using proxy = localServer(
      async (request) => {
        const { method, headers } = request;
        const body = await request.text();
        if (waitMs > 0 && body.includes('"mget"')) {
          await new Promise((resolve) => setTimeout(resolve, waitMs));
        }
        const isWrite = body.includes('"evalsha"');
        if (isWrite && write === "refused") {
          return Response.json({ error: "NOPERM this user may not write" }, { status: 400 });
        }
        if (isWrite && write === "always taken") return Response.json([{ result: [1] }]);
        const url = bridge.url + new URL(request.url).pathname;
        const answer = await fetch(url, { method, headers, body });
        const text = await answer.text();
        if (body !== '["TIME"]') return new Response(text, answer);
        const { result: [seconds, rest] } = JSON.parse(text);
        return Response.json({ result: [String(Number(seconds) + skewS), rest] });
      },
    );
    const envOf = (url: string, token: string) => ({
      BREAKWATER_STORE: "upstash:",
      UPSTASH_REDIS_REST_URL: url,
      UPSTASH_REDIS_REST_TOKEN: token,
    });
    const { url } = proxy;
    const well = await examine([], { env: envOf(url, BRIDGE_TOKEN) });
    assertEquals(well.get("clock")?.says, "within 2 s of the store's clock");
    skewS = 30;
    assertFault(await examine([], { env: envOf(url, BRIDGE_TOKEN) }), "clock", "ahead");
    skewS = 0;
    write = "refused";
    assertFault(await examine([], { env: envOf(url, BRIDGE_TOKEN) }), "compare-set", "written");
    write = "always taken";
    assertFault(
      await examine([], { env: envOf(url, BRIDGE_TOKEN) }),
      "compare-set",
      "lose updates",
    );
    write = "real";
    waitMs = 300; // timeout_ms is 250
    assertFault(await examine([], { env: envOf(url, BRIDGE_TOKEN) }), "store", "timeout_ms of 250");
    waitMs = 0;
    const secret = "secret-and-wrong-token";
    const wrong = await examine([], { env: envOf(url, secret) });
    assertFault(wrong, "store", "check the token");
    assert(!JSON.stringify([...wrong.values()]).includes(secret));
    assertFault(
      await examine([], { env: envOf("http://127.0.0.1:9", secret) }),
      "store",
      "upstash",
    );
  },
});
