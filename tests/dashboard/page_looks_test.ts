/**
 * How the page looks: text is text, light and dark, small screens, and what axe finds.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import { memoryStore } from "../../src/stores/memory.ts";
import { rowOf } from "./browser.ts";
import { testsInBrowser } from "./browser_tests.ts";
import { flap, serveApp, TOKENS, trouble } from "./served_app.ts";

const shows = testsInBrowser();

const MARKUP = `<img src=x onerror="document.title='owned'"><b>bold</b>`;

shows(
  "names, reasons and hosts that contain markup are shown as text, by the server and by the script",
  async (open) => {
    const store = memoryStore();
    // As somebody who may write into the store would have it; the gate itself takes no such host.
    const donor = await serveApp({ registry: { store } });
    await donor.registry.open("donor.example.org", { reason: MARKUP, by: MARKUP });
    const [seen] = await store.read(["breakwater:host:donor.example.org"]);
    await store.write(`breakwater:host:${MARKUP}`, seen!.value, undefined, 600_000);
    await donor[Symbol.asyncDispose]();

    await using served = await serveApp({ registry: { store }, edge: { tokens: TOKENS } });
    await using opened = await open(served.url);
    const { page } = opened;
    await opened.logIn(TOKENS.admin[0]!, MARKUP.slice(0, 64));
    await opened.untilLive();
    const first = await (await page.context().request.get(served.url)).text();
    assert(!first.includes("<img") && !first.includes("<b>"), "the server's own markup");
    await page.waitForFunction((text) => document.body.innerText.includes(text), MARKUP);
    await served.registry.setPolicy("donor.example.org", { failMax: 2 }, {
      by: "<i>x</i>",
      reason: "<u>y</u>",
    });
    await page.click(`${rowOf("donor.example.org")} a`);
    await page.waitForSelector("#detail-policy:has-text('<u>y</u>')");
    await page.click("#detail-actions button:has-text('Close')");
    await opened.confirm();
    await page.evaluate(() => void (location.hash = "history"));
    await page.waitForSelector("#events tr");
    assertEquals(
      await page.locator("main img, main b:not([id]), aside img, aside b, main u, aside u, main i")
        .count(),
      0,
    );
    assertEquals(await page.title(), "Breakwater");
  },
);

shows("light and dark follow what the reader's system prefers", async (open) => {
  await using served = await serveApp();
  await trouble(served, 40);
  await using opened = await open(served.url);
  await opened.untilLive();
  const brightness: number[] = [];
  for (const colorScheme of ["light", "dark"] as const) {
    await opened.page.emulateMedia({ colorScheme });
    await opened.picture(colorScheme);
    const colour = await opened.page.evaluate(() =>
      getComputedStyle(document.body).backgroundColor
    );
    brightness.push(colour.match(/\d+/g)!.slice(0, 3).reduce((sum, part) => sum + Number(part), 0));
  }
  assertGreater(brightness[0]!, 600);
  assertGreater(200, brightness[1]!);
});

shows(
  "on a phone nothing is wider than the screen, and the detail covers the list",
  async (open) => {
    await using served = await serveApp();
    await trouble(served, 40);
    const viewport = { width: 390, height: 844 };
    await using opened = await open(served.url, { viewport, hasTouch: true });
    await opened.untilLive();
    const tooWide = () =>
      opened.page.evaluate(() =>
        document.documentElement.scrollWidth - document.documentElement.clientWidth
      );
    assertEquals(await tooWide(), 0);
    await opened.picture("phone");
    await opened.page.tap(`${rowOf("host-0.example.net")} .state`);
    await opened.page.waitForSelector(".timeline");
    const box = await opened.page.locator("#detail").boundingBox();
    assertEquals([box?.x, box?.width], [0, 390]);
    assertEquals(await tooWide(), 0);
    // What is open since this moment is at the very end of the picture, and seen all the same.
    const picture = (await opened.page.locator(".timeline").boundingBox())!;
    const band = (await opened.page.locator(".timeline .band.open").boundingBox())!;
    assertGreater(band.width, 0.5);
    assertGreater(picture.x + picture.width + 0.5, band.x + band.width);
    await opened.picture("phone-detail");
  },
);

shows(
  "whatever the width, states, times and buttons are seen whole, and hosts have room",
  async (open) => {
    await using served = await serveApp({ edge: { tokens: TOKENS } });
    const host = `${"a-long-name.".repeat(4)}of-a-repository-without-end.example.ac.uk`;
    await served.registry.open(host);
    await served.registry.halfOpen("half.example.org");
    await served.tell("failing.example.org", { status: 503 });
    const viewport = { width: 400, height: 800 };
    await using opened = await open(served.url, { viewport });
    const { page } = opened;
    await opened.logIn(TOKENS.admin[0]!, "ada");
    await opened.untilLive();
    const whole = ["#rows td", ".list thead th", ".counts dt", "header button", ".choice label"];
    for (const width of [400, 641, 700, 860, 1_000, 1_280, 1_440]) {
      await page.setViewportSize({ width, height: 800 });
      for (const view of ["hosts", "history", `host=${host}`]) {
        await page.evaluate((view) => void (location.hash = view), view);
        await page.waitForSelector(view === "history" ? "#events tr" : "#rows th a");
        const found = await page.evaluate((whole) => {
          const { scrollWidth, clientWidth } = document.documentElement;
          const cut = [...document.querySelectorAll<HTMLElement>(whole)]
            .filter((element) => element.scrollWidth > element.clientWidth + 1);
          return { over: scrollWidth - clientWidth, cut: cut.map(({ innerText }) => innerText) };
        }, whole.join(", "));
        assertEquals(found, { over: 0, cut: [] }, `${width} ${view}`);
        const name = page.locator("[data-view]:visible .host a").first();
        assertGreater((await name.boundingBox())!.width, 120, `${width} ${view}`);
      }
    }
  },
);

shows("axe finds nothing serious on any view, light and dark", async (open) => {
  await using served = await serveApp({ edge: { tokens: TOKENS }, behindMs: 3_600_000 });
  await flap(served, "flaky.example.org", 12);
  await trouble(served, 12);
  await using opened = await open(served.url);
  const { page } = opened;
  const found: Record<string, string[]> = {};
  const look = async (view: string) => {
    found[view] = await opened.seriousFindings();
    // Nothing but colours differs in the dark.
    await page.emulateMedia({ colorScheme: "dark" });
    found[`${view}, dark`] = await opened.seriousFindings(["color-contrast"]);
    await page.emulateMedia({ colorScheme: "light" });
  };
  await look("log-in");
  await opened.logIn(TOKENS.admin[0]!, "ada");
  await opened.untilLive();
  await look("hosts");
  await page.fill("#search", "nothing");
  await page.waitForSelector("#no-match:visible");
  await look("no match");
  await page.fill("#search", "");
  await page.click("nav a[href='#advice']");
  await page.waitForSelector(".card");
  await look("advice");
  await page.click("nav a[href='#history']");
  await page.waitForSelector("#events tr");
  await look("history");
  await page.evaluate(() => void (location.hash = "host=flaky.example.org"));
  await page.waitForSelector("#detail-events tr");
  await page.waitForSelector("#detail-past .timeline");
  await page.click("#detail-policy summary");
  await look("detail");
  await page.click("button:has-text('Change policy…')");
  await look("dialog");
  assertEquals(Object.keys(found).length, 14);
  assertEquals(found, Object.fromEntries(Object.keys(found).map((view) => [view, []])));
});
