/**
 * The package on other runtimes: packed, installed into a scratch project, and run against a real edge server.
 *
 * @module
 */
import { assertEquals, assertObjectMatch } from "@std/assert";
import { ServerProcess } from "../edge/server_process.ts";
import { bundle, run, scratchProject } from "./scratch_project.ts";

function startOrigin() {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/down") return new Response("down", { status: 503 });
    return new Response("slow down", { status: 429, headers: { "retry-after": "60" } });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const startEdge = () => new ServerProcess({ env: { BREAKWATER_STORE: "memory:" } });

Deno.test("the packed module crawls on Node and Bun, by the edge API and by itself", async (t) => {
  await using project = await scratchProject(["bun@1"]);
  await using edge = startEdge();
  await using origin = startOrigin();
  const url = await edge.url();
  const script = await project.script("crawl.mjs");
  for (const runtime of ["node", `${project.path}/node_modules/.bin/bun`]) {
    await t.step(runtime.split("/").at(-1)!, async () => {
      const close = await fetch(`${url}/v1/breakers/${new URL(origin.url).host}`, {
        method: "DELETE",
      });
      await close.body?.cancel();
      const answer = JSON.parse(await run(runtime, [script, url, origin.url], project.path));
      assertEquals(answer, {
        throughEdge: [429, "retry_after", "retry_after", "retry_after"],
        byRegistry: [503, 503, "open", "open"],
      });
    });
  }
  await t.step("the entry points for a registry of its own load on Node", async () => {
    const entries = ["telemetry", "stores/upstash"];
    const loaded = entries.map((entry) =>
      `...Object.keys(await import("@breakwater/breakwater/${entry}"))`
    );
    const names = await run(
      "node",
      ["--input-type=module", "-e", `console.log([${loaded.join(", ")}].join(" "))`],
      project.path,
    );
    for (const name of ["eventLogOf", "upstashStore"]) {
      assertEquals(names.split(/\s/).includes(name), true, name);
    }
  });
});

Deno.test("the Lambda example denies on Node what the edge denies", async () => {
  await using edge = startEdge();
  await using origin = startOrigin();
  const path = await Deno.makeTempDir({ prefix: "breakwater-lambda-" });
  try {
    await bundle("deploy/lambda.ts", "deno", `${path}/lambda.mjs`);
    const host = new URL("lambda_host.mjs", import.meta.url).pathname;
    const env = [`BREAKWATER_URL=${await edge.url()}`];
    const answers = await run("env", [
      ...env,
      "node",
      host,
      `${path}/lambda.mjs`,
      `${origin.url}/page`,
    ]);
    const [first, second] = JSON.parse(answers);
    assertObjectMatch(first, { status: 429, body: "slow down" });
    assertObjectMatch(second, { denied: "retry_after", retryAfterS: 60 });
  } finally {
    await Deno.remove(path, { recursive: true });
  }
});

Deno.test("the Worker example runs in workerd", async () => {
  await using project = await scratchProject(["miniflare@4"]);
  await using edge = startEdge();
  await using origin = startOrigin();
  await bundle("deploy/worker.ts", "browser", `${project.path}/worker.js`);
  const host = await project.script("worker_host.mjs");
  const url = `${origin.url}/page`;
  const answers = await run("node", [host, `${project.path}/worker.js`, await edge.url(), url]);
  assertEquals(JSON.parse(answers), [
    { target: url, status: 429 },
    { target: url, denied: "retry_after", retryAfterS: 60 },
  ]);
});
