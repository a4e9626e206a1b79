/**
 * Real processes on one real Deno KV file: probes are counted across all of them, and what was acknowledged
 * survives the end of a server.
 *
 * @module
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import type { Verdict } from "../../mod.ts";
import { decodeRecord } from "../../src/breaker/record_codec.ts";
import { denoKvStore } from "../../src/stores/deno_kv.ts";
import { ServerProcess } from "./server_process.ts";

const CRAWLER = new URL("../support/crawler_process.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;
const HOST = "down.example.org";
const ROUNDS = 5;

/** A crawler that takes orders. */
class Crawler implements AsyncDisposable {
  readonly #child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--cached-only", "--config", CONFIG, CRAWLER],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  readonly #orders = this.#child.stdin.getWriter();
  readonly #answers = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();

  async ask(order: { edges: string[]; host: string; asks: number; at: number }) {
    await this.#orders.write(new TextEncoder().encode(JSON.stringify(order) + "\n"));
    let line = "";
    while (!line.endsWith("\n")) {
      const { value, done } = await this.#answers.read();
      if (done) throw new Error("The crawler ended");
      line += value;
    }
    return JSON.parse(line) as Verdict[]; // safe: what the crawler writes
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#orders.close();
    await this.#child.status;
    await this.#answers.cancel();
  }
}

async function post(url: string, path: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return await response.json();
}

Deno.test("8 asks of two crawlers at two edges, at the deadline of a host, yield exactly one probe", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(
    `${folder}/breakers.yaml`,
    "store: { timeout_ms: 10000, freshness_ms: 0 }\ndefaults: { fail_max: 1, reset_timeout_s: 0.5, probe_lease_s: 60 }\n",
  );
  const env = {
    BREAKWATER_STORE: `deno-kv:${folder}/shared.kv`,
    BREAKWATER_CONFIG: `${folder}/breakers.yaml`,
  };
  try {
    await using one = new ServerProcess({ env });
    await using other = new ServerProcess({ env });
    await using first = new Crawler();
    await using second = new Crawler();
    const edges = [await one.url(), await other.url()];
    for (let round = 0; round < ROUNDS; round++) {
      const host = `round${round}.${HOST}`;
      const { permit } = await post(edges[0]!, "/v1/allow", { host });
      const told = await post(edges[0]!, "/v1/record", { permit, status: 503 });
      assertEquals(told.state, "open");
      const at = Date.now() + Number(told.retry_after_ms) + 5;
      const asks = { edges, host, asks: 2, at };
      const verdicts = (await Promise.all([first.ask(asks), second.ask(asks)])).flat();
      assertEquals(verdicts.length, 8);
      const probes = verdicts.filter((verdict) => verdict.allowed);
      assertEquals(probes.map((probe) => probe.state), ["half_open"], JSON.stringify(verdicts));
      for (const verdict of verdicts) {
        assertEquals(verdict.degraded, undefined);
        if (!verdict.allowed) assertEquals(verdict.reason, "probes");
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a server that gets SIGTERM under load loses no outcome that it acknowledged", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/state.kv`;
  try {
    await using server = new ServerProcess({
      env: { BREAKWATER_STORE: `deno-kv:${path}`, BREAKWATER_DEFAULTS: "fail_max:1000000" },
    });
    const url = await server.url();
    let acknowledged = 0;
    let stopped = false;
    const load = Array.from({ length: 32 }, async () => {
      while (!stopped) {
        try {
          const { permit } = await post(url, "/v1/allow", { host: HOST });
          const { recorded } = await post(url, "/v1/record", { permit, status: 503 });
          if (recorded === true) acknowledged++;
        } catch {
          return; // the server is gone: this answer was never given
        }
      }
    });
    const enough = Date.now() + 20_000;
    while (acknowledged < 500 && Date.now() < enough) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    server.kill("SIGTERM");
    const { code, output } = await server.ended();
    stopped = true;
    await Promise.all(load);
    assertEquals(code, 0, output);
    assertGreaterOrEqual(acknowledged, 500);
    await using store = denoKvStore(path);
    const [found] = await store.read([`breakwater:host:${HOST}`]);
    const record = decodeRecord(found!.value);
    assert(record !== undefined);
    assertGreaterOrEqual(record.tracks.get("")!.failures, acknowledged);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
