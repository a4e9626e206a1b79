/**
 * What crawlers send to the edge, as loads for `wrk`.
 *
 * @module
 */
import type { Load } from "./wrk.ts";

/** One kind of request. */
export interface NamedLoad {
  name: string;
  /** How much of the echo's requests per second there should be. */
  goal?: string;
  /** Each request changes the store; with what that should be of a compare-and-set per request. */
  writes?: { goal: string };
  /** Brings the server where the load wants it, and gives the body. */
  make(url: string): Promise<Load>;
}

/** What the server has to be told of {@linkcode HOT_HOST}, so that it does not open in between. */
export const HOT_POLICY = "hot.example.org=fail_max:100";

const HOT_HOST = "hot.example.org";

const DENIED_HOST = "denied.example.org";
const HEALTHY_HOST = "api.example.org";
const BATCH = 100;

/** In the order in which they are run. */
export const LOADS: readonly NamedLoad[] = [
  {
    name: "allow healthy",
    goal: "0.8 or more",
    make: () => Promise.resolve(allow(HEALTHY_HOST)),
  },
  {
    name: "allow denied",
    goal: "0.8 or more",
    async make(url) {
      await send("PUT", `${url}/v1/breakers/${DENIED_HOST}`, { state: "open" });
      return allow(DENIED_HOST);
    },
  },
  {
    name: "record success",
    async make(url) {
      const permit = await permitOf(url, HEALTHY_HOST);
      return { path: "/v1/record", bodies: [JSON.stringify({ permit, status: 200 })] };
    },
  },
  {
    name: "record failing on one hot host",
    goal: "0.5 or more",
    writes: { goal: "20 or more" },
    async make(url) {
      // A failure counts once for each permit: as many permits as requests, alike but for their ids.
      const [version, id, ...rest] = (await permitOf(url, HOT_HOST)).split("~");
      const permit = [version, `${id}x#`, ...rest].join("~");
      const told = (status: number) => JSON.stringify({ permit, status });
      // One that only fails opens, and costs nothing from then on: each tenth is a success, so that all are counted.
      return {
        path: "/v1/record",
        bodies: [told(200), ...Array.from({ length: 9 }, () => told(503))],
      };
    },
  },
  {
    name: `batch of ${BATCH}`,
    make: () => {
      const allow = Array.from({ length: BATCH }, (_, i) => ({ host: `host${i}.example.org` }));
      return Promise.resolve({ path: "/v1/batch", bodies: [JSON.stringify({ allow })] });
    },
  },
];

function allow(host: string): Load {
  return { path: "/v1/allow", bodies: [JSON.stringify({ host })] };
}

async function permitOf(url: string, host: string): Promise<string> {
  const { permit } = await send("POST", `${url}/v1/allow`, { host });
  if (typeof permit !== "string") throw new Error(`${host} must be allowed in this benchmark`);
  return permit;
}

async function send(method: string, url: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${url}: ${await response.text()}`);
  return await response.json();
}
