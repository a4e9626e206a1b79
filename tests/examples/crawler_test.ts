/**
 * The crawler in Python, against the real server and an origin that misbehaves.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ServerProcess } from "../edge/server_process.ts";

const SCRIPT = decodeURIComponent(
  new URL("../../examples/crawler.py", import.meta.url).pathname,
);
const TOKEN = "crawl-token-000001";

interface Ran {
  code: number;
  /** Lines, with the origin's address and seconds taken out. */
  lines: string[];
  errors: string;
}

async function crawl(
  env: Record<string, string>,
  origin: string,
  ...paths: string[]
): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command("python3", {
    args: ["-B", SCRIPT, ...paths.map((path) => origin + path)],
    env: { PYTHONUNBUFFERED: "1", ...env },
  }).output();
  const text = new TextDecoder().decode(stdout);
  return {
    code,
    lines: text.trim().split("\n").map((line) =>
      line.replace(origin, "").replace(/for [\d.]+ s/, "for a while")
    ),
    errors: new TextDecoder().decode(stderr),
  };
}

/** An origin that answers by path, and counts what reaches it. */
function startOrigin(answer: (path: string, nth: number) => Response) {
  const requests: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    requests.push(pathname);
    return answer(pathname, requests.length);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    requests,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("the Python crawler leaves a host alone that says Retry-After, and comes back", async () => {
  await using edge = new ServerProcess({
    env: { BREAKWATER_STORE: "memory:", BREAKWATER_CRAWL_TOKENS: TOKEN },
  });
  await using origin = startOrigin((_, nth) =>
    nth === 2
      ? new Response("slow down", { status: 503, headers: { "retry-after": "1" } })
      : new Response("a page")
  );
  const env = { BREAKWATER_URL: await edge.url(), BREAKWATER_TOKEN: TOKEN, ROLE: "landing" };
  const { code, lines, errors } = await crawl(env, origin.url, "/1", "/2", "/3", "/4");
  assertEquals([code, errors], [0, ""]);
  assertEquals(lines.slice(0, 4), [
    "200: /1",
    "503: /2",
    "denied for a while: /3",
    "denied for a while: /4",
  ]);
  // Both come due within a millisecond.
  assertEquals(lines.slice(4).sort(), ["200: /3", "200: /4"]);
  assertEquals(origin.requests.toSorted(), ["/1", "/2", "/3", "/4"]);
});

Deno.test("the Python crawler opens a breaker for all, and gives up when its patience is out", async () => {
  const env = { BREAKWATER_STORE: "memory:", BREAKWATER_DEFAULTS: "fail_max:2,reset:600" };
  await using edge = new ServerProcess({ env });
  await using origin = startOrigin(() => new Response("broken", { status: 500 }));
  const told = { BREAKWATER_URL: await edge.url(), PATIENCE_S: "1" };
  const first = await crawl(told, origin.url, "/1", "/2", "/3");
  assertEquals(first.lines, ["500: /1", "500: /2", "denied for a while: /3", "given up: /3"]);
  const other = await crawl(told, origin.url, "/4");
  assertEquals(other.lines, ["denied for a while: /4", "given up: /4"]);
  assertEquals(origin.requests, ["/1", "/2"]);
});

Deno.test("the Python crawler tells of hosts that do not answer at all", async () => {
  const env = { BREAKWATER_STORE: "memory:", BREAKWATER_DEFAULTS: "fail_max:1,reset:600" };
  await using edge = new ServerProcess({ env });
  const gone = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const origin = `http://127.0.0.1:${gone.addr.port}`;
  gone.close();
  const told = { BREAKWATER_URL: await edge.url(), PATIENCE_S: "0.5" };
  const { lines } = await crawl(told, origin, "/1", "/2");
  assertEquals(lines, ["URLError: /1", "denied for a while: /2", "given up: /2"]);
});

Deno.test("the Python crawler sends all the same while the edge cannot be reached or limits it", async () => {
  await using origin = startOrigin(() => new Response("a page"));
  const unreachable = await crawl({ BREAKWATER_URL: "http://127.0.0.1:1" }, origin.url, "/1", "/2");
  assertEquals([unreachable.code, ...unreachable.lines], [0, "200: /1", "200: /2"]);
  await using edge = new ServerProcess({
    env: {
      BREAKWATER_STORE: "memory:",
      BREAKWATER_CRAWL_TOKENS: TOKEN,
      BREAKWATER_TOKEN_LIMIT: "1/h",
    },
  });
  const env = { BREAKWATER_URL: await edge.url(), BREAKWATER_TOKEN: TOKEN };
  const limited = await crawl(env, origin.url, "/3", "/4");
  assertEquals([limited.code, ...limited.lines], [0, "200: /3", "200: /4"]);
});

Deno.test("the Python crawler ends with the server's words where its token is wrong", async () => {
  await using edge = new ServerProcess({
    env: { BREAKWATER_STORE: "memory:", BREAKWATER_CRAWL_TOKENS: TOKEN },
  });
  await using origin = startOrigin(() => new Response("a page"));
  const env = { BREAKWATER_URL: await edge.url(), BREAKWATER_TOKEN: "another-token-0001" };
  const { code, errors } = await crawl(env, origin.url, "/1");
  assertEquals(code, 1);
  assertMatch(errors, /^Breakwater refused \/v1\/allow: \{"type":"about:blank"/);
  assertStringIncludes(errors, "not known");
  assertEquals(origin.requests, []);
});
