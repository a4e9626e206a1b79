/**
 * Tests that share a browser.
 *
 * @module
 */
import type { Browser } from "npm:playwright-core@1";
import { type OpenOptions, startBrowser, WatchedPage } from "./browser.ts";

/** Opens a page of a server in the browser that is shared. */
type OpenPage = (url: string, options?: OpenOptions) => Promise<WatchedPage>;

/** Starts a browser for the tests of a file; gives what declares one. */
export function testsInBrowser(): (name: string, run: (open: OpenPage) => Promise<void>) => void {
  let browser: Browser;
  Deno.test.beforeAll(async () => void (browser = await startBrowser()));
  // There is none where it could not be started: that is told then, and not hidden behind another error.
  Deno.test.afterAll(() => browser?.close());
  return (name, run) => {
    // Its page is used again by the next test, and the driver's timers for it go on.
    const options = { sanitizeOps: false, sanitizeResources: false };
    Deno.test(name, options, () => run((url, opened) => WatchedPage.open(browser, url, opened)));
  };
}
