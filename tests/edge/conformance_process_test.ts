/**
 * The contract of the HTTP API, asked over a socket of the server that `deno task start` starts.
 *
 * @module
 */
import { assertEquals, assertNotMatch, assertStringIncludes } from "@std/assert";
import { CONFORMANCE_CASES } from "./conformance_cases.ts";
import { DEFAULTS, testConformance, TOKENS } from "./conformance_edge.ts";
import { rawStatus, ServerProcess } from "./server_process.ts";

const ASK = '{"host":"odd.example.org"}';

/** A request as it goes through the socket. */
function request(path: string, host: string, token: string, length: number): string {
  return `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n` +
    `Content-Type: application/json\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
}

/** Of a status line; undefined where there is none. */
function statusOf(line: string): number | undefined {
  return line === "" ? undefined : Number(line.split(" ")[1]);
}

testConformance(
  "deno task start keeps the contract of section 6",
  CONFORMANCE_CASES,
  async (run) => {
    const folder = await Deno.makeTempDir();
    await using clean = new AsyncDisposableStack();
    clean.defer(() => Deno.remove(folder, { recursive: true }));
    const env = {
      BREAKWATER_STORE: `deno-kv:${folder}/breakers.kv`,
      BREAKWATER_DEFAULTS: DEFAULTS,
      BREAKWATER_CRAWL_TOKENS: TOKENS.crawl.join(","),
      BREAKWATER_READ_TOKENS: TOKENS.read.join(","),
      BREAKWATER_ADMIN_TOKENS: TOKENS.admin.join(","),
    };
    await using server = new ServerProcess({ command: ["task"], env });
    const url = await server.url();
    await run({
      send: (path, init) => fetch(url + path, init),
      async sendCutOff(path, token) {
        const text = `${request(path, "edge", token, 100)}{"host":`;
        const line = await rawStatus(url, text, { isCutOff: true });
        return statusOf(line);
      },
      async sendWithHost(host, token) {
        const line = await rawStatus(url, request("/v1/allow", host, token, ASK.length) + ASK);
        return statusOf(line)!; // NaN, and so refused, where nothing was answered
      },
    });
    server.kill("SIGTERM");
    const { code, output } = await server.ended();
    assertEquals(code, 0, output);
    assertStringIncludes(output, "Task start ");
    assertNotMatch(output, /failed \(request|^\s+at /m, "nothing was unexpected");
    for (const token of Object.values(TOKENS).flat()) assertEquals(output.includes(token), false);
  },
);
