/**
 * The server as operators run it: start, refusals, raw sockets, the end.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { rawStatus, ServerProcess } from "./server_process.ts";

const TOKEN = "0123456789abcdef";
const MEMORY = { BREAKWATER_STORE: "memory:" };

async function post(url: string, path: string, body: unknown) {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the server takes its policy from the environment, and keeps its records over a restart", async () => {
  await withFolder(async (cwd) => {
    const env = { BREAKWATER_DEFAULTS: "fail_max:1,reset:600" };
    {
      await using server = new ServerProcess({ cwd, env });
      const url = await server.url();
      assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+$/);
      assertEquals((await (await fetch(`${url}/readyz`)).json()).ready, true);
      const { body } = await post(url, "/v1/allow", { host: "down.example.org" });
      const told = await post(url, "/v1/record", { permit: body.permit, status: 503 });
      assertEquals(told.body.state, "open");
      server.kill("SIGTERM");
      const { code, output } = await server.ended();
      assertEquals(code, 0, output);
      assertStringIncludes(output, "Store: deno-kv in .breakwater/breakers.kv");
    }
    await using server = new ServerProcess({ cwd, env });
    const { body } = await post(await server.url(), "/v1/allow", { host: "down.example.org" });
    assertEquals([body.allowed, body.reason], [false, "open"]);
    server.kill("SIGINT");
    assertEquals((await server.ended()).code, 0);
  });
});

Deno.test("a body cut off in the middle and an odd Host header are answered with 400", async () => {
  await using server = new ServerProcess({ env: MEMORY });
  const url = await server.url();
  const post = (host: string, length: number, body: string) =>
    rawStatus(
      url,
      `POST /v1/allow HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${length}\r\nConnection: close\r\n\r\n${body}`,
      { isCutOff: body.length < length },
    );
  const body = '{"host":"example.org"}';
  assertEquals(await post("localhost", body.length, body), "HTTP/1.1 200 OK");
  for (const host of ["a b", "[", "<>", "x:99999", "exa%mple"]) {
    assertEquals(await post(host, body.length, body), "HTTP/1.1 400 Bad Request", host);
  }
  for (const host of ["", "a/b", "a@b", "http://x", "x/healthz?"]) {
    assertNotMatch(await post(host, body.length, body), / 5\d\d /);
  }
  // Whether the 400 is still read depends on the connection; a 5xx never comes, and the server lives on.
  assertNotMatch(await post("localhost", 100, '{"host":'), / 5\d\d /);
  const chunked = await rawStatus(
    url,
    "POST /v1/allow HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
      'Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n9\r\n{"host":"\r\n5\r\nex',
    { isCutOff: true },
  );
  assertNotMatch(chunked, / 5\d\d /);
  const tooLong = await post("localhost", 70_000, body);
  assert(tooLong === "" || tooLong.includes(" 413 "), tooLong);
  assertEquals((await (await fetch(`${url}/healthz`)).json()).ok, true);
  server.kill("SIGTERM");
  const { code, output } = await server.ended();
  assertEquals(code, 0);
  assert(!output.includes("failed:"), `nothing was unexpected: ${output}`);
});

Deno.test("a byte order mark is refused, whether a body's length is said or not", async () => {
  await using server = new ServerProcess({ env: MEMORY });
  const url = await server.url();
  const body = '{"host":"example.org"}';
  const send = (headers: string, body: string) =>
    rawStatus(
      url,
      "POST /v1/allow HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
        `${headers}\r\nConnection: close\r\n\r\n${body}`,
    );
  for (const [mark, bytes, status] of [["", 0, "200 OK"], ["\ufeff", 3, "400 Bad Request"]]) {
    const length = body.length + Number(bytes);
    const said = await send(`Content-Length: ${length}`, mark + body);
    const chunk = `${length.toString(16)}\r\n${mark}${body}\r\n0\r\n\r\n`;
    const unsaid = await send("Transfer-Encoding: chunked", chunk);
    assertEquals([said, unsaid], [`HTTP/1.1 ${status}`, `HTTP/1.1 ${status}`]);
  }
});

Deno.test("tokens close the server, and let it listen elsewhere", async () => {
  const env = { ...MEMORY, HOST: "0.0.0.0", BREAKWATER_CRAWL_TOKENS: `short, ${TOKEN}` };
  await using server = new ServerProcess({ env });
  const url = (await server.url()).replace("0.0.0.0", "127.0.0.1");
  assertEquals((await post(url, "/v1/allow", { host: "example.org" })).status, 401);
  const response = await fetch(`${url}/v1/allow`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
    body: '{"host":"example.org"}',
  });
  assertEquals((await response.json()).allowed, true);
  server.kill("SIGTERM");
  const { output } = await server.ended();
  assertStringIncludes(output, "Token 1 of BREAKWATER_CRAWL_TOKENS has 5 characters");
  assert(!output.includes(TOKEN));
});

Deno.test("a token is rotated over restarts: both work, then only the new one", async () => {
  const [old, fresh] = ["old-token-00000001", "new-token-00000001"];
  const statuses = async (tokens: string) => {
    await using server = new ServerProcess({ env: { ...MEMORY, BREAKWATER_READ_TOKENS: tokens } });
    const url = await server.url();
    return await Promise.all([old, fresh].map(async (token) => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(`${url}/v1/breakers`, { headers });
      await response.body?.cancel();
      return response.status;
    }));
  };
  assertEquals(await statuses(`${old},${fresh}`), [200, 200]);
  assertEquals(await statuses(fresh), [401, 200]);
});

Deno.test("with --debug each call is a line of JSON on stderr, without token and query", async () => {
  const env = { ...MEMORY, BREAKWATER_READ_TOKENS: TOKEN };
  await using server = new ServerProcess({ args: ["--debug"], env });
  const url = await server.url();
  const headers = { authorization: `Bearer ${TOKEN}`, "x-request-id": "mine-1" };
  const response = await fetch(`${url}/v1/breakers?limit=17`, { headers });
  await response.body?.cancel();
  assertEquals(response.headers.get("x-request-id"), "mine-1");
  await server.said(/"request_id":"mine-1"/);
  server.kill("SIGTERM");
  const { output } = await server.ended();
  const line = output.split("\n").find((line) => line.includes("mine-1"));
  const { ts, ms, ...rest } = JSON.parse(line!);
  assertEquals(rest, { method: "GET", path: "/v1/breakers", status: 200, request_id: "mine-1" });
  assertEquals([new Date(ts).toISOString(), typeof ms], [ts, "number"]);
  assertNotMatch(output, new RegExp(`${TOKEN}|limit`));
});

Deno.test("the server describes itself to whoever asks", async () => {
  await using server = new ServerProcess({ env: { ...MEMORY, BREAKWATER_READ_TOKENS: TOKEN } });
  const response = await fetch(`${await server.url()}/openapi.json`);
  assertEquals([response.status, (await response.json()).openapi], [200, "3.1.1"]);
});

const REFUSALS: [string, Record<string, string>, string[], RegExp][] = [
  [
    "another address without tokens",
    { HOST: "0.0.0.0" },
    [],
    /0\.0\.0\.0.*BREAKWATER_CRAWL_TOKENS/,
  ],
  [
    "Deno Deploy without tokens",
    { DENO_DEPLOYMENT_ID: "d1" },
    [],
    /Deploy.*BREAKWATER_CRAWL_TOKENS/,
  ],
  ["a port that is none", { PORT: "eighty" }, [], /PORT.*'eighty'/],
  ["an address that is none", { HOST: "no host" }, [], /no host/],
  ["a wrong value", { BREAKWATER_DEFAULTS: "fail_max:zero" }, [], /fail_max/],
  ["a slip of the pen", { BREAKWATER_DEFAULTS: "fial_max:3" }, [], /fial_max.*fail_max/s],
  ["a file that is missing", { BREAKWATER_CONFIG: "/nowhere.yaml" }, [], /nowhere\.yaml/],
  ["a wrong flag value", {}, ["--store", "floppy:a"], /floppy/],
  ["an unknown argument", {}, ["--port=9000"], /--port=9000.*PORT/],
  [
    "a store that cannot be opened",
    { BREAKWATER_STORE: "deno-kv:/nowhere/x.kv" },
    [],
    /nowhere.*BREAKWATER_STORE/,
  ],
  [
    "a file on Deno Deploy",
    { DENO_DEPLOY: "1", BREAKWATER_READ_TOKENS: TOKEN, BREAKWATER_STORE: "deno-kv:x.kv" },
    [],
    /x\.kv.*Deploy/,
  ],
];

for (const [what, env, args, pattern] of REFUSALS) {
  Deno.test(`the server refuses to start with ${what}: a message, code 1, no stack`, async () => {
    await withFolder(async (cwd) => {
      await using server = new ServerProcess({ cwd, args, env: { ...MEMORY, ...env } });
      const { code, output } = await server.ended();
      assertEquals(code, 1, output);
      assertMatch(output, pattern);
      assertNotMatch(output, /^\s+at /m);
      assertEquals([...Deno.readDirSync(cwd)], [], "nothing is left behind");
    });
  });
}

Deno.test("the server refuses a port that is in use", async () => {
  await using first = new ServerProcess({ env: MEMORY });
  const { port } = new URL(await first.url());
  await using second = new ServerProcess({ env: { ...MEMORY, PORT: port } });
  const { code, output } = await second.ended();
  assertEquals(code, 1);
  assertStringIncludes(output, `Cannot listen on http://127.0.0.1:${port}: the port is in use`);
  assertNotMatch(output, /^\s+at /m);
});

Deno.test("deno serve runs the same server where its own flags say", async () => {
  await using server = new ServerProcess({
    command: ["serve", "--host", "127.0.0.1", "--port", "0"],
    env: { ...MEMORY, PORT: "1" },
  });
  const url = await server.url();
  assertEquals((await post(url, "/v1/allow", { host: "example.org" })).body.allowed, true);
  server.kill("SIGTERM");
  assertEquals((await server.ended()).code, 0);
});

Deno.test("where DENO_SERVE_ADDRESS says where to listen, what HOST would be refused is refused there too", async () => {
  const env = { ...MEMORY, DENO_SERVE_ADDRESS: "tcp:0.0.0.0:0" };
  await using server = new ServerProcess({ env });
  const { code, output } = await server.ended();
  assertEquals(code, 1, output);
  assertMatch(output, /0\.0\.0\.0 without tokens/);
  assertNotMatch(output, /^\s+at /m);
});

Deno.test("where DENO_SERVE_ADDRESS names no port, as on Deno Deploy, the server listens there", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/edge.sock`;
    const env = {
      ...MEMORY,
      DENO_DEPLOY: "true",
      DENO_SERVE_ADDRESS: `unix:${path}`,
      BREAKWATER_READ_TOKENS: TOKEN,
    };
    await using server = new ServerProcess({ env });
    await server.said(/Listening on a unix socket\n/);
    const client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
    const response = await fetch("http://edge/healthz", { client });
    assertEquals(await response.json(), { ok: true });
    client.close();
    server.kill("SIGINT");
    assertEquals((await server.ended()).code, 0);
  });
});

Deno.test("deno serve, which listens to all by itself, is refused without tokens", async () => {
  await using server = new ServerProcess({ command: ["serve", "--port", "0"], env: MEMORY });
  const { code, output } = await server.ended();
  assertEquals(code, 1, output);
  assertMatch(output, /0\.0\.0\.0 without tokens/);
});

/** A request whose second half is sent when the caller says so. */
async function startedRequest(url: string) {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const body = '{"host":"example.org"}';
  const send = (text: string) => connection.write(new TextEncoder().encode(text));
  await send(
    `POST /v1/allow HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  );
  return {
    async finish() {
      await send(body.slice(5));
      return await new Response(connection.readable).text();
    },
    close: () => connection.close(),
  };
}

Deno.test("a request under way is answered before the end, later ones are not taken", async () => {
  await using server = new ServerProcess({ env: MEMORY });
  const url = await server.url();
  const request = await startedRequest(url);
  // Answered, so the request before it has been taken up too.
  await (await fetch(`${url}/healthz`)).text();
  server.kill("SIGTERM");
  await server.said(/SIGTERM: answering/);
  const late = await fetch(`${url}/healthz`);
  assertEquals(late.status, 503);
  await late.body?.cancel();
  assertStringIncludes(await request.finish(), '"allowed":true');
  const { code, output } = await server.ended();
  assertEquals(code, 0, output);
});

Deno.test("deno serve, which cuts off bodies at the end, is not taken for the client's mistake", async () => {
  const command = ["serve", "--host", "127.0.0.1", "--port", "0"];
  await using server = new ServerProcess({ command, env: MEMORY });
  const url = await server.url();
  const request = await startedRequest(url);
  await (await fetch(`${url}/healthz`)).text();
  server.kill("SIGTERM");
  const answer = await request.finish();
  assertMatch(answer, /HTTP\/1\.1 503|"allowed":true/);
  assertEquals((await server.ended()).code, 0);
});

Deno.test("a second signal ends the server at once", async () => {
  await using server = new ServerProcess({ env: MEMORY });
  const url = await server.url();
  const request = await startedRequest(url);
  await (await fetch(`${url}/healthz`)).text();
  server.kill("SIGTERM");
  await server.said(/SIGTERM: answering/);
  server.kill("SIGINT");
  assertEquals((await server.ended()).code, 130);
  request.close();
});

Deno.test("a signal that comes twice at once, as from a task runner, counts once", async () => {
  await using server = new ServerProcess({ env: MEMORY });
  const url = await server.url();
  const request = await startedRequest(url);
  await (await fetch(`${url}/healthz`)).text();
  server.kill("SIGINT");
  await server.said(/SIGINT: answering/);
  server.kill("SIGINT");
  assertStringIncludes(await request.finish(), '"allowed":true');
  assertEquals((await server.ended()).code, 0);
});

Deno.test("a request that never ends does not keep the server from ending", async () => {
  await using server = new ServerProcess({ env: MEMORY });
  const url = await server.url();
  const request = await startedRequest(url);
  await (await fetch(`${url}/healthz`)).text();
  const startedAt = performance.now();
  server.kill("SIGTERM");
  const { code, output } = await server.ended();
  assertEquals(code, 0, output);
  assert(performance.now() - startedAt < 5_000, "within what Deno Deploy grants");
  request.close();
});
