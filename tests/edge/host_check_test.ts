/**
 * Pages of other sites are kept out of a server without tokens: it answers to the names of this machine alone.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import { createEdge } from "./calls.ts";
import { ServerProcess } from "./server_process.ts";

const MEMORY = { BREAKWATER_STORE: "memory:" };
const TOKEN = "0123456789abcdef";

/** A request as a browser sends it for a page of this host; undefined sends no header at all. */
async function ask(url: string, host: string | undefined, line: string, body = "") {
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const lines = [
    `${line} HTTP/1.1`,
    ...(host === undefined ? [] : [`Host: ${host}`]),
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    "Connection: close",
  ];
  await connection.write(new TextEncoder().encode(`${lines.join("\r\n")}\r\n\r\n${body}`));
  const text = await new Response(connection.readable).text();
  const [head = "", answer = ""] = text.split("\r\n\r\n");
  return { status: Number(head.split(" ")[1]), head: head.toLowerCase(), answer };
}

/** What a page would do with it. */
const CALLS: [line: string, body?: string][] = [
  ["PUT /v1/breakers/example.org", '{"state":"open"}'],
  ["POST /v1/allow", '{"host":"example.org"}'],
  ["DELETE /v1/breakers/example.org"],
  ["GET /v1/trouble"],
  ["GET /"],
  ["GET /healthz"],
];

const OURS = [
  "127.0.0.1:PORT",
  "localhost:PORT",
  "LocalHost",
  "localhost.:8000",
  "breakwater.localhost:1",
  "127.8.9.10",
  "[::1]:PORT",
  "",
  undefined,
];

const FOREIGN = [
  "evil.example:PORT",
  "evil.example",
  "localhost.evil.example",
  "127.0.0.1.evil.example:PORT",
  "evillocalhost",
  "127.0.0.1:PORT@evil.example",
  "128.0.0.1:PORT",
  "0.0.0.0:PORT",
  "[::2]:PORT",
];

Deno.test("a server without tokens refuses with 403 what is sent to it by another name than this machine's", async () => {
  await using server = new ServerProcess({ env: MEMORY });
  const url = await server.url();
  const { port } = new URL(url);
  for (const host of OURS) {
    const { status, head } = await ask(url, host?.replace("PORT", port), ...CALLS[1]!);
    assertEquals(status, 200, `${host}: ${head}`);
  }
  for (const host of FOREIGN) {
    // A name that was accepted before opens the door to no other.
    assertEquals((await ask(url, `127.0.0.1:${port}`, "GET /healthz")).status, 200);
    for (const [line, body] of CALLS) {
      const { status, head, answer } = await ask(url, host.replace("PORT", port), line, body);
      assertEquals(status, 403, `${host}: ${line}`);
      assertStringIncludes(head, "content-type: application/problem+json");
      assertStringIncludes(head, "cache-control: no-store");
      assertStringIncludes(head, "x-request-id: ");
      assertEquals(JSON.parse(answer).title, "Forbidden");
    }
  }
  const breaker = await ask(url, "localhost", "GET /v1/breakers/example.org");
  assertEquals(JSON.parse(breaker.answer).state, "closed");
});

Deno.test("the refusal names what was found, what is answered and what to do", async () => {
  await using server = new ServerProcess({ env: MEMORY });
  const { answer } = await ask(await server.url(), "edge.example:8000", "GET /");
  assertEquals(
    JSON.parse(answer).detail,
    "This server has no tokens, so it answers to localhost and loopback addresses only: " +
      "current host is \"edge.example\". Set tokens, or have the proxy in front send 'Host: localhost'",
  );
});

Deno.test("with BREAKWATER_DEBUG=1 the refusal has its line in the access log, under the id it was answered with", async () => {
  await using server = new ServerProcess({ env: { ...MEMORY, BREAKWATER_DEBUG: "1" } });
  const body = '{"host":"example.org"}';
  const url = await server.url();
  const { status, head } = await ask(url, "edge.example", "POST /v1/allow", body);
  const [, id] = /x-request-id: (\S+)/.exec(head) ?? [];
  assertEquals([status, typeof id], [403, "string"]);
  server.kill("SIGTERM");
  const { output } = await server.ended();
  const line = output.split("\n").find((line) => line.startsWith("{"));
  const { ts: _ts, ms: _ms, ...rest } = JSON.parse(line ?? "{}");
  assertEquals(rest, { method: "POST", path: "/v1/allow", status: 403, request_id: id });
});

Deno.test("a Host header that makes no URL is malformed, with and without tokens", async () => {
  for (const env of [MEMORY, { ...MEMORY, BREAKWATER_ADMIN_TOKENS: TOKEN }]) {
    await using server = new ServerProcess({ env });
    const url = await server.url();
    for (const host of ["a b", "[", "<>", "localhost:99999", "exa%mple"]) {
      assertEquals((await ask(url, host, "GET /healthz")).status, 400, host);
    }
  }
});

Deno.test("a server with tokens answers by whatever name it is called", async () => {
  await using server = new ServerProcess({ env: { ...MEMORY, BREAKWATER_ADMIN_TOKENS: TOKEN } });
  const url = await server.url();
  assertEquals((await ask(url, "edge.example", "GET /healthz")).status, 200);
  assertEquals((await ask(url, "edge.example", "GET /v1/trouble")).status, 401);
});

Deno.test("deno serve without tokens refuses as deno run does", async () => {
  const command = ["serve", "--host", "127.0.0.1", "--port", "0"];
  await using server = new ServerProcess({ command, env: MEMORY });
  const url = await server.url();
  assertEquals((await ask(url, "evil.example", "GET /v1/trouble")).status, 403);
  assertEquals((await ask(url, "localhost", "GET /v1/trouble")).status, 200);
});

Deno.test("no page reaches a Unix socket: whatever name is used there is answered", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/edge.sock`;
    const env = { ...MEMORY, DENO_SERVE_ADDRESS: `unix:${path}` };
    await using server = new ServerProcess({ env });
    await server.said(/Listening on a unix socket\n/);
    const client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
    const response = await fetch("http://edge/v1/status", { client });
    assertEquals(response.status, 200, await response.text());
    client.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("an app in a server of somebody else's answers by whatever name that has", async () => {
  const { app } = createEdge();
  const response = await app.request("http://edge.example/v1/status");
  assertEquals(response.status, 200, await response.text());
});
