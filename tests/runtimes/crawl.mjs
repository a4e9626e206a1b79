// A crawl on whatever runtime runs this, by the package as it is installed: through the edge API, then by itself.
// Arguments: the edge's URL, the origin's URL. Prints one line of JSON.
import { breakerFetch, BreakerRegistry, EdgeClient } from "@breakwater/breakwater";

const [edge, origin] = process.argv.slice(2);

async function crawl(gate, path) {
  const get = breakerFetch(gate, { role: "landing", timeoutMs: 5_000 });
  const words = [];
  for (let i = 0; i < 4; i++) {
    const word = await get(origin + path).then(
      async (response) => (await response.text(), response.status),
      (error) => error.name === "BreakerOpenError" ? error.reason : error.message,
    );
    words.push(word);
  }
  return words;
}

const registry = new BreakerRegistry({ config: { defaults: { failMax: 2 } } });
const answer = {
  throughEdge: await crawl(new EdgeClient({ url: edge }), "/retry-after"),
  byRegistry: await crawl(registry, "/down"),
};
await registry[Symbol.asyncDispose]();
console.log(JSON.stringify(answer));
