/**
 * What the page shows: breakers as they change, the list of them, and all that is known of one host.
 *
 * @module
 */
import { assertEquals, assertGreater, assertMatch, assertStringIncludes } from "@std/assert";
import { memoryStore } from "../../src/stores/memory.ts";
import { ROW, rowOf } from "./browser.ts";
import { testsInBrowser } from "./browser_tests.ts";
import { flap, serveApp, trouble } from "./served_app.ts";

const shows = testsInBrowser();

shows(
  "a host that opens is there without reloading, counts down, and goes when it closes",
  async (open) => {
    await using served = await serveApp({ config: { defaults: { failMax: 2 } } });
    await using opened = await open(served.url);
    await opened.untilLive();
    assertStringIncludes(await opened.text("#headline"), "All is well");
    await opened.page.evaluate(() => void ((globalThis as { mark?: boolean }).mark = true));
    for (let i = 0; i < 2; i++) await served.tell("api.example.org", { status: 503 });

    const row = opened.page.locator(rowOf("api.example.org"));
    await row.waitFor();
    const left = row.locator("td.left");
    const first = await left.innerText();
    assertMatch(first, /^(0:5\d|1:00)$/);
    assertEquals((await row.locator("td.state").innerText()).trim(), "Open");
    assertStringIncludes(await row.locator(".why").innerText(), "too many failures · for ");
    assertEquals(await row.locator("td.failures").innerText(), "2");
    // The next second is smaller.
    await opened.page.waitForFunction(
      ([selector, first]) => {
        const text = document.querySelector(selector!)?.textContent ?? "";
        const seconds = (left: string) => Number(left.replace(":", "")) % 100 || 60;
        return /^0:\d\d$/.test(text) && seconds(text) < seconds(first!);
      },
      [`${rowOf("api.example.org")} td.left`, first],
    );
    await opened.page.waitForFunction(() =>
      /1 host is not asked now/.test(document.body.innerText)
    );
    assertMatch(
      await opened.text("#headline-about"),
      /^api\.example\.org for \d+ s, too many failures$/,
    );

    await served.registry.close("api.example.org");
    await row.waitFor({ state: "detached" });
    assertEquals(await opened.page.evaluate(() => (globalThis as { mark?: boolean }).mark), true);
  },
);

shows(
  "an open host is half-open on the page once its time is up, though nobody tells",
  async (open) => {
    await using served = await serveApp();
    await using opened = await open(served.url, { expected: /ERR_/ });
    await opened.untilLive();
    served.registry.open("soon.example.org", { forMs: 60_000 });
    await opened.page.waitForSelector(`${rowOf("soon.example.org")}[data-state=open]`);
    await opened.page.context().setOffline(true);
    await opened.page.evaluate(() => {
      const { now } = Date;
      Date.now = () => now() + 60_000;
    });
    await opened.page.waitForSelector(`${rowOf("soon.example.org")}[data-state=half_open]`);
    assertEquals(await opened.text(`${rowOf("soon.example.org")} td.left`), "probing");
    await opened.page.waitForFunction(() => /1 host is being probed/.test(document.body.innerText));
    assertEquals([await opened.text("#count-open"), await opened.text("#count-half-open")], [
      "0",
      "1",
    ]);
  },
);

shows(
  "the host in the first sentence can be pressed while the seconds behind it count",
  async (open) => {
    await using served = await serveApp();
    served.registry.open("down.example.org");
    await using opened = await open(served.url);
    const { page } = opened;
    await opened.untilLive();
    await page.hover("#headline-about a");
    await page.mouse.down();
    const before = await opened.text("#headline-about");
    await page.waitForFunction(
      (before) => document.getElementById("headline-about")!.innerText.trim() !== before,
      before,
    );
    await page.mouse.up();
    await page.waitForSelector("#detail:visible");
    assertEquals(await opened.text("#detail-name"), "down.example.org");
  },
);

shows("verdicts per second are told as they are given", async (open) => {
  await using served = await serveApp();
  served.registry.open("down.example.org");
  await using opened = await open(served.url);
  const load = setInterval(() => {
    for (let i = 0; i < 5; i++) void served.registry.allow({ host: "up.example.org" });
    for (let i = 0; i < 2; i++) void served.registry.allow({ host: "down.example.org" });
  }, 20);
  try {
    await opened.page.waitForFunction(() => {
      const rate = (id: string) => Number(document.getElementById(id)?.textContent);
      return rate("rate-allowed") > 50 && rate("rate-denied") > 20 &&
        document.querySelectorAll("#strip .allowed").length > 0 &&
        document.querySelectorAll("#strip .denied").length > 0;
    });
  } finally {
    clearInterval(load);
  }
  assertEquals(await opened.text("#rate-degraded"), "0");
});

shows("a store that does not answer is told first", async (open) => {
  const store = memoryStore();
  await using served = await serveApp({ registry: { store, timeoutMs: 50 } });
  await using opened = await open(served.url);
  await opened.untilLive();
  await store[Symbol.asyncDispose]();
  for (let i = 0; i < 4; i++) await served.registry.allow({ host: `h${i}.example.org` });
  await opened.page.waitForFunction(() => /store does not answer/i.test(document.body.innerText));
  assertEquals(await opened.page.getAttribute("#headline", "data-tone"), "open");
  assertEquals(await opened.text("#store-state"), "Does not answer");
});

shows(
  "the list is sorted by severity, then by what is asked of a host; search and states filter it",
  async (open) => {
    await using served = await serveApp();
    await served.tell("busy.example.org", { status: 503 });
    await served.tell("counting.example.org", { status: 503 });
    for (let i = 0; i < 4; i++) await served.tell("busy.example.org", { status: 200 });
    await served.tell("busy.example.org", { status: 503 });
    await served.registry.halfOpen("half.example.org");
    await served.registry.open("quiet.example.org", { forMs: 60_000, reason: "Wartung" });
    await served.registry.open("asked.example.org", { forMs: 60_000 });
    for (let i = 0; i < 3; i++) await served.registry.allow({ host: "asked.example.org" });
    await using opened = await open(served.url);
    await opened.untilLive();
    const names = () => opened.page.locator(`${ROW} th a`).allInnerTexts();
    await opened.page.waitForFunction(() =>
      document.querySelectorAll("#rows tr[data-key]").length === 5
    );
    assertEquals(await names(), [
      "asked.example.org",
      "quiet.example.org",
      "half.example.org",
      "busy.example.org",
      "counting.example.org",
    ]);
    assertEquals(await opened.text(`${rowOf("busy.example.org")} td.errors`), "33 %");
    assertEquals(await opened.text(`${rowOf("asked.example.org")} td.requests`), "3");

    await opened.page.keyboard.press("/");
    await opened.page.keyboard.type("wartung");
    await opened.page.waitForFunction(() =>
      document.querySelectorAll("#rows tr[data-key]").length === 1
    );
    assertEquals(await names(), ["quiet.example.org"]);
    assertEquals(await opened.text("#shown"), "1 of 5");
    await opened.page.fill("#search", "nothing at all");
    await opened.page.waitForSelector("#no-match:visible");
    await opened.page.fill("#search", "");
    await opened.page.check("input[value=failing]", { force: true });
    await opened.page.waitForFunction(() =>
      document.querySelectorAll("#rows tr[data-key]").length === 2
    );
    assertEquals(await names(), ["busy.example.org", "counting.example.org"]);
  },
);

shows(
  "with nothing in trouble the page says what to do first, with a command to copy",
  async (open) => {
    await using served = await serveApp();
    const permissions = ["clipboard-read", "clipboard-write"];
    await using opened = await open(served.url, { permissions });
    await opened.untilLive();
    await opened.picture("empty");
    await opened.page.click("#copy");
    await opened.page.waitForSelector("#toast.shown");
    const command = await opened.page.evaluate(() => navigator.clipboard.readText());
    assertStringIncludes(command, `${served.url}/v1/allow`);
    const [program, ...args] = command.match(/'[^']*'|\S+/g)!.map((arg) => arg.replaceAll("'", ""));
    const { stdout } = await new Deno.Command(program!, { args }).output();
    assertEquals(JSON.parse(new TextDecoder().decode(stdout)).allowed, true);
  },
);

shows("the list and its rows are used with the keyboard alone", async (open) => {
  await using served = await serveApp();
  await trouble(served, 90);
  await using opened = await open(served.url);
  await opened.untilLive();
  await opened.page.locator(`${ROW} a`).first().focus();
  const focused = () => opened.page.evaluate(() => document.activeElement?.textContent ?? "");
  const first = await focused();
  // All in one task: keys may come faster than frames are drawn.
  await opened.page.evaluate(() => {
    for (let i = 0; i < 25; i++) {
      const event = new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true });
      document.activeElement?.dispatchEvent(event);
    }
  });
  assertEquals(await opened.page.locator("tr:focus-within").getAttribute("aria-rowindex"), "27");
  for (let i = 0; i < 25; i++) await opened.page.keyboard.press("ArrowUp");
  assertEquals(await focused(), first);
  await opened.page.keyboard.press("Enter");
  await opened.page.waitForSelector("#detail:visible");
  assertEquals(await focused(), first);
  assertEquals(await opened.page.evaluate(() => document.activeElement?.id), "detail-name");
  await opened.page.keyboard.press("Escape");
  await opened.page.waitForSelector("#detail", { state: "hidden" });
  assertEquals(await opened.page.evaluate(() => document.activeElement?.tagName), "A");
  assertEquals(await focused(), first);
});

shows(
  "a host's last 24 hours are told in a picture and in words, with latency, statuses and Retry-After",
  async (open) => {
    await using served = await serveApp({ behindMs: 3_600_000 });
    const host = "api.example.org";
    for (let i = 0; i < 10; i++) {
      for (let n = 0; n < 6; n++) await served.tell(host, { status: 200, latencyMs: 40 });
      await served.tell(host, { status: 404, latencyMs: 40 });
      await served.tell(host, { status: 429, retryAfter: "120", latencyMs: 20 });
      for (let n = 0; n < 3; n++) await served.registry.allow({ host });
      served.advance(120_000);
      await served.tell(host, { status: 200, latencyMs: 400 });
      served.advance(180_000);
    }
    await using opened = await open(`${served.url}/#host=${host}`);
    const { page } = opened;
    await page.waitForSelector(".timeline");
    assertEquals(
      await opened.text(".chart figcaption"),
      "Open 10 times, 20 min in all. 80 answered, 10 failed, 30 denied.",
    );
    const bands = (state: string) => page.locator(`.timeline .band.${state}`).count();
    assertEquals([await bands("open"), await bands("closed")], [10, 11]);
    assertGreater(await page.locator(".timeline .bar.denied").count(), 3);
    const past = await opened.text("#detail-past");
    assertStringIncludes(past, "2 min × 10");
    assertStringIncludes(past, "429 10 (11 %)");
    assertMatch(past, /40 ms median, 400 ms p90/);
    await page.waitForSelector("#detail-events tr:has-text('the host asked for quiet')");
    await opened.picture("detail");
  },
);

shows("what is drawn anew takes neither the focus away nor what was unfolded", async (open) => {
  await using served = await serveApp({ behindMs: 3_600_000 });
  const host = "flaky.example.org";
  await flap(served, host, 12);
  await using opened = await open(`${served.url}/#host=${host}`);
  const { page } = opened;
  await opened.untilLive();
  await page.waitForSelector("#detail-past .timeline");
  await page.click("#detail-policy summary");
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  const drawnAnew = (id: string) =>
    page.waitForFunction((id) => document.querySelector(`#${id} [data-seen]`) === null, id);
  const mark = (id: string) =>
    page.evaluate((id) => {
      document.querySelector<HTMLElement>(`#${id} :first-child`)!.dataset["seen"] = "";
    }, id);

  await page.focus("#detail-past button:has-text('6 hours')");
  await mark("detail-past");
  await page.keyboard.press("Enter");
  await drawnAnew("detail-past");
  assertEquals(await focused(), "6 hours");

  await page.focus("#detail-policy button:has-text('Change policy…')");
  await mark("detail-policy");
  served.registry.open(host, { forMs: 60_000 });
  await drawnAnew("detail-policy");
  assertEquals(await focused(), "Change policy…");
  assertEquals(await page.locator("#detail-policy details[open]").count(), 1);

  // Where the piece of advice is gone with its button, the panel is where the keyboard goes on.
  await page.focus("#detail-advice button");
  await page.keyboard.press("Enter");
  await opened.confirm();
  await page.waitForSelector("#detail-advice:has-text('None for this host now')");
  assertEquals(await focused(), host);
});
