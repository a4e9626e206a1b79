/**
 * Real servers on one real Deno KV file: an override set at one is enforced by the other, and outlives both.
 *
 * @module
 */
import { assertEquals, assertLess } from "@std/assert";
import { ServerProcess } from "./server_process.ts";

const HOST = "api.example.org";
const HEADERS = { "content-type": "application/json" };

async function call(method: string, url: string, body?: unknown) {
  const response = await fetch(url, { method, headers: HEADERS, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

/** The state after one failure of the host, cleared again by a success where that is still possible. */
async function stateAfterFailure(url: string): Promise<string> {
  const tell = async (status: number) => {
    const { body } = await call("POST", `${url}/v1/allow`, { host: HOST });
    return await call("POST", `${url}/v1/record`, { permit: body.permit, status });
  };
  const { body: { state } } = await tell(500);
  if (state === "closed") await tell(200);
  return state;
}

Deno.test("an override is enforced by another process within 2 s, and by the next one after both were killed", async () => {
  const folder = await Deno.makeTempDir();
  await using clean = new AsyncDisposableStack();
  clean.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.writeTextFile(`${folder}/breakers.yaml`, "defaults: { fail_max: 5 }\n");
  const env = {
    BREAKWATER_STORE: `deno-kv:${folder}/shared.kv`,
    BREAKWATER_CONFIG: `${folder}/breakers.yaml`,
    BREAKWATER_DEFAULTS: "trial_calls:2",
  };
  {
    await using one = new ServerProcess({ env });
    await using two = new ServerProcess({ env });
    const [here, there] = [await one.url(), await two.url()];
    assertEquals(await stateAfterFailure(there), "closed");
    const set = await call("PUT", `${here}/v1/policies/${HOST}`, { fail_max: 1 });
    const setAt = performance.now();
    assertEquals(set.status, 200);
    while (await stateAfterFailure(there) !== "open") {
      assertLess(performance.now() - setAt, 2_000, "the other process took longer than 2 s");
    }
  }
  await using restarted = new ServerProcess({ env });
  const { body } = await call("GET", `${await restarted.url()}/v1/policies/${HOST}`);
  const { fail_max, trial_calls, reset_timeout_s, forget_s } = body.sources;
  assertEquals([body.policy.fail_max, fail_max], [1, "override"]);
  assertEquals([trial_calls, reset_timeout_s, forget_s], ["environment", "default", "default"]);
});
