/**
 * The contract of the HTTP API, asked of the app in this process.
 *
 * @module
 */
import { loadConfig } from "../../src/config/mod.ts";
import { createApp } from "../../src/edge/app.ts";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { CONFORMANCE_CASES } from "./conformance_cases.ts";
import { DEFAULTS, testConformance, TOKENS } from "./conformance_edge.ts";

const ASK = { method: "POST", body: '{"host":"odd.example.org"}' };

function headersOf(token: string): Record<string, string> {
  return { "content-type": "application/json", authorization: `Bearer ${token}` };
}

testConformance("the app keeps the contract of section 6", CONFORMANCE_CASES, async (run) => {
  const { breakers, sources } = await loadConfig({
    env: { BREAKWATER_DEFAULTS: DEFAULTS },
    args: [],
    readTextFile: () => Promise.reject(new Error("there is no file")),
  });
  await using registry = new BreakerRegistry({ config: breakers });
  const app = createApp({ registry, sources, tokens: TOKENS });
  await run({
    send: async (path, init) => await app.request(path, init),
    async sendCutOff(path, token) {
      const body = new ReadableStream<Uint8Array>({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('{"host":'));
          controller.error(new Error("the connection is gone"));
        },
      });
      const response = await app.request(path, { method: "POST", headers: headersOf(token), body });
      await response.body?.cancel();
      return response.status;
    },
    async sendWithHost(host, token) {
      const request = new Request("http://edge/v1/allow", { ...ASK, headers: headersOf(token) });
      // What a server makes of the header, whether a URL comes of it or not.
      Object.defineProperty(request, "url", { value: `http://${host}/v1/allow` });
      const response = await app.fetch(request);
      await response.body?.cancel();
      return response.status;
    },
  });
});
