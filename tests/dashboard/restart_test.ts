/**
 * The dashboard over the end of its server: a process that is killed and started again on the same port.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { ServerProcess } from "../edge/server_process.ts";
import { rowOf, startBrowser, WatchedPage } from "./browser.ts";

const TOKEN = "admin-token-000001";

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("the page is live again after the server was restarted, still logged in, and shows what happened meanwhile", async () => {
  const folder = await Deno.makeTempDir();
  const env = {
    PORT: String(freePort()),
    BREAKWATER_ADMIN_TOKENS: TOKEN,
    BREAKWATER_STORE: `deno-kv:${folder}/breakers.kv`,
  };
  const browser = await startBrowser();
  try {
    let server = new ServerProcess({ env });
    const url = await server.url();
    const put = async (host: string) => {
      const headers = { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" };
      const body = JSON.stringify({ state: "open" });
      const path = `${url}/v1/breakers/${host}`;
      const response = await fetch(path, { method: "PUT", headers, body });
      await response.body?.cancel();
      assertEquals(response.status, 200);
    };
    // A server that is gone is no error of the page's, but the browser tells of it.
    await using opened = await WatchedPage.open(browser, url, { expected: /ERR_|Failed to load/ });
    const { page } = opened;
    await opened.logIn(TOKEN);
    await opened.untilLive();
    await put("before.example.org");
    await page.waitForSelector(rowOf("before.example.org"));

    await server[Symbol.asyncDispose]();
    await page.waitForSelector("#live[data-state=away]");
    assertEquals(await opened.text("#live"), "Reconnecting…");
    server = new ServerProcess({ env });
    await server.url();
    await put("meanwhile.example.org");
    await opened.untilLive();
    await page.waitForSelector(rowOf("meanwhile.example.org"));
    // The history hears of it by the new stream alone.
    await page.click("nav a[href='#history']");
    await page.waitForSelector("#events tr:has-text('meanwhile.example.org')");
    await put("after.example.org");
    await page.waitForSelector("#events tr:has-text('after.example.org')");
    await server[Symbol.asyncDispose]();
  } finally {
    await browser.close();
    await Deno.remove(folder, { recursive: true });
  }
});
