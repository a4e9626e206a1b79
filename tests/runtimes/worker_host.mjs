// Runs a bundled Worker in workerd and asks it twice. Arguments: bundle, the edge's URL, URL to crawl.
import { readFileSync } from "node:fs";

// Installed beside this file, where it runs; by a name that is looked up there and not in the checkout.
const name = "miniflare";
const { Miniflare } = await import(name);
const [bundle, edge, url] = process.argv.slice(2);
const worker = new Miniflare({
  modules: true,
  script: readFileSync(bundle, "utf8"),
  compatibilityDate: "2025-01-01",
  bindings: { BREAKWATER_URL: edge },
});
const answers = [];
for (let i = 0; i < 2; i++) {
  const response = await worker.dispatchFetch(`http://worker/?url=${encodeURIComponent(url)}`);
  answers.push(await response.json());
}
console.log(JSON.stringify(answers));
await worker.dispose();
