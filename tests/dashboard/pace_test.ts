/**
 * Thousands of hosts in trouble: the page stays fast.
 *
 * @module
 */
import { assert } from "@std/assert";
import { startBrowser } from "./browser.ts";
import { measurePace } from "./pace.ts";

Deno.test("5,000 hosts in trouble: first paint under 1 s, an update under 100 ms, by the browser's clock", async () => {
  const browser = await startBrowser();
  try {
    // The best of three: other work on the machine says nothing of the page.
    const tries = [];
    for (let i = 0; i < 3; i++) {
      const pace = await measurePace(browser, 5_000);
      tries.push(pace);
      if (pace.firstPaintMs < 1_000 && pace.slowestUpdateMs < 100) return;
    }
    assert(false, `first paint, update and frame in ms: ${JSON.stringify(tries)}`);
  } finally {
    await browser.close();
  }
});
