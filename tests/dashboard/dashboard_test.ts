/**
 * The dashboard as a person uses it, in a real browser.
 *
 * @module
 */
import {
  assert,
  assertEquals,
  assertGreater,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import type { Browser } from "npm:playwright-core@1";
import { memoryStore } from "../../src/stores/memory.ts";
import { startBrowser, WatchedPage } from "./browser.ts";
import { flap, serveApp, TOKENS, trouble } from "./served_app.ts";

let browser: Browser;
Deno.test.beforeAll(async () => void (browser = await startBrowser()));
// There is none where it could not be started: that is told then, and not hidden behind another error.
Deno.test.afterAll(() => browser?.close());

/** A test with the browser. Its page is used again by the next one, and the driver's timers for it go on. */
function shows(name: string, run: () => Promise<void>): void {
  Deno.test(name, { sanitizeOps: false, sanitizeResources: false }, run);
}

const ROW = "#rows tr[data-key]";

function rowOf(host: string): string {
  return `#rows tr[data-key="host:${host}"]`;
}

async function logIn(opened: WatchedPage, token: string, name = ""): Promise<void> {
  await opened.page.fill("#token", token);
  await opened.page.fill("#name", name);
  await opened.page.click("#log-in button");
}

/** Says yes in the dialog that is open. */
async function confirm({ page }: WatchedPage): Promise<void> {
  await page.click("dialog button[type=submit]");
  await page.waitForSelector("dialog", { state: "detached" });
}

/** The live part is up: what happens from now on is seen. */
async function untilLive({ page }: WatchedPage): Promise<void> {
  await page.waitForSelector("#live[data-state=live]");
}

// ---- logging in -------------------------------------------------------------------------------------------

shows("a stranger sees a form to log in and nothing else; a wrong token is told so", async () => {
  await using served = await serveApp({ edge: { tokens: TOKENS } });
  served.registry.open("secret.example.org", { reason: "secret-reason" });
  await using opened = await WatchedPage.open(browser, served.url, { expected: /40[13]/ });
  const html = await opened.page.content();
  assert(!html.includes("secret"), html);
  await opened.picture("log-in");
  await logIn(opened, "not-a-token-of-ours");
  await opened.page.waitForSelector("#problem:not(:empty)");
  assertEquals(await opened.text("#problem"), "This token is not known here.");
  await logIn(opened, TOKENS.crawl[0]!);
  await opened.page.waitForFunction(() => document.body.innerText.includes("may not look"));
  assertEquals(await opened.page.locator("#rows").count(), 0);
});

shows(
  "whoever logs in to read sees everything and can change nothing; logging out ends it",
  async () => {
    await using served = await serveApp({ edge: { tokens: TOKENS } });
    served.registry.open("down.example.org", { reason: "maintenance" });
    await using opened = await WatchedPage.open(browser, served.url);
    await logIn(opened, TOKENS.read[0]!, "grace");
    await opened.page.click(`${rowOf("down.example.org")} a`);
    await opened.page.waitForSelector("#detail-policy table", { state: "attached" });
    assertEquals(await opened.page.locator("#detail-actions button, #change-mode").count(), 0);
    assertEquals(await opened.page.locator("#detail button:has-text('…')").count(), 0);
    assertStringIncludes(await opened.text("header.top"), "grace (read only)");
    const cookies = await opened.page.context().cookies();
    assertEquals(cookies.map(({ httpOnly, sameSite }) => [httpOnly, sameSite]), [[true, "Strict"]]);
    assertEquals(await opened.page.evaluate(() => document.cookie), "");
    await opened.page.keyboard.press("Escape");
    await opened.page.click("#log-out");
    await opened.page.waitForSelector("#log-in");
    await opened.page.reload();
    assertEquals(await opened.page.locator("#log-in").count(), 1);
  },
);

// ---- live -------------------------------------------------------------------------------------------------

shows(
  "a host that opens is there without reloading, counts down, and goes when it closes",
  async () => {
    await using served = await serveApp({ config: { defaults: { failMax: 2 } } });
    await using opened = await WatchedPage.open(browser, served.url);
    await untilLive(opened);
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
  async () => {
    await using served = await serveApp();
    await using opened = await WatchedPage.open(browser, served.url, { expected: /ERR_/ });
    await untilLive(opened);
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

shows("verdicts per second are told as they are given", async () => {
  await using served = await serveApp();
  served.registry.open("down.example.org");
  await using opened = await WatchedPage.open(browser, served.url);
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

shows("a store that does not answer is told first", async () => {
  const store = memoryStore();
  await using served = await serveApp({ registry: { store, timeoutMs: 50 } });
  await using opened = await WatchedPage.open(browser, served.url);
  await untilLive(opened);
  await store[Symbol.asyncDispose]();
  for (let i = 0; i < 4; i++) await served.registry.allow({ host: `h${i}.example.org` });
  await opened.page.waitForFunction(() => /store does not answer/i.test(document.body.innerText));
  assertEquals(await opened.page.getAttribute("#headline", "data-tone"), "open");
  assertEquals(await opened.text("#store-state"), "Does not answer");
});

// ---- the list ---------------------------------------------------------------------------------------------

shows(
  "the list is sorted by severity, then by what is asked of a host; search and states filter it",
  async () => {
    await using served = await serveApp();
    await served.tell("busy.example.org", { status: 503 });
    await served.tell("counting.example.org", { status: 503 });
    for (let i = 0; i < 4; i++) await served.tell("busy.example.org", { status: 200 });
    await served.tell("busy.example.org", { status: 503 });
    await served.registry.halfOpen("half.example.org");
    await served.registry.open("quiet.example.org", { forMs: 60_000, reason: "Wartung" });
    await served.registry.open("asked.example.org", { forMs: 60_000 });
    for (let i = 0; i < 3; i++) await served.registry.allow({ host: "asked.example.org" });
    await using opened = await WatchedPage.open(browser, served.url);
    await untilLive(opened);
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
  async () => {
    await using served = await serveApp();
    const permissions = ["clipboard-read", "clipboard-write"];
    await using opened = await WatchedPage.open(browser, served.url, { permissions });
    await untilLive(opened);
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

shows("the list and its rows are used with the keyboard alone", async () => {
  await using served = await serveApp();
  await trouble(served, 90);
  await using opened = await WatchedPage.open(browser, served.url);
  await untilLive(opened);
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

// ---- what can be done -------------------------------------------------------------------------------------

shows(
  "an admin opens, half-opens and closes a host; each asks in words, shows its result, and is in the history",
  async () => {
    await using served = await serveApp({ edge: { tokens: TOKENS } });
    await served.tell("api.example.org", { status: 503 });
    await using opened = await WatchedPage.open(browser, served.url);
    const { page } = opened;
    await logIn(opened, TOKENS.admin[0]!, "ada");
    await untilLive(opened);
    await page.click(`${rowOf("api.example.org")} a`);

    await page.click("#detail-actions button:has-text('Open…')");
    assertStringIncludes(await opened.text("#dialog-words"), "for 10 min; then probes go out");
    await page.selectOption("dialog select", "3600");
    await page.fill("dialog input", "provider asked us");
    assertStringIncludes(
      await opened.text("#dialog-words"),
      "Every process on this store stops sending requests to api.example.org, at once, for 1 h",
    );
    await opened.picture("dialog");
    await confirm(opened);
    await page.waitForSelector("#toast:has-text('api.example.org is open.')");
    await page.waitForSelector("#detail-state[data-state=open]");
    const snapshot = await served.registry.inspect("api.example.org");
    assertEquals([snapshot.state, snapshot.note], ["open", "provider asked us"]);
    assertStringIncludes(await opened.text("#detail-left"), "left");

    await page.click("#detail-actions button:has-text('Half-open')");
    assertStringIncludes(
      await opened.text("#dialog-words"),
      "If they succeed it closes; if one fails it opens again",
    );
    await confirm(opened);
    await page.waitForSelector("#detail-state[data-state=half_open]");

    await page.click("#detail-actions button:has-text('Close')");
    assertStringIncludes(await opened.text("#dialog-words"), "at once and without probes");
    await page.click("dialog button:has-text('Cancel')");
    assertEquals((await served.registry.inspect("api.example.org")).state, "half_open");
    await page.click("#detail-actions button:has-text('Close')");
    await confirm(opened);
    await page.waitForSelector("#detail-state[data-state=closed]");
    await page.waitForSelector(rowOf("api.example.org"), { state: "detached" });

    await page.click("nav a[href='#history']");
    await page.waitForSelector("#events tr:nth-child(3)");
    const rows = await page.locator("#events tr").allInnerTexts();
    const said = rows.map((row) =>
      row.split("\t").slice(1).map((cell) => cell.trim()).join(" | ").trim()
    );
    assertEquals(
      said,
      [
        "api.example.org | closed by hand | ada |",
        "api.example.org | half-opened by hand | ada |",
        "api.example.org | opened by hand for 1 h | ada | provider asked us",
      ].map((line) => line.trim()),
    );
    await opened.picture("history");
  },
);

shows(
  "an admin changes a host's policy and takes the change back; the reason is kept",
  async () => {
    await using served = await serveApp({ edge: { tokens: TOKENS } });
    served.registry.open("api.example.org");
    await served.registry.setPolicy("api.example.org", { successThreshold: 3 });
    await using opened = await WatchedPage.open(browser, served.url);
    const { page } = opened;
    await logIn(opened, TOKENS.admin[0]!, "ada");
    await page.click(`${rowOf("api.example.org")} a`);
    await page.click("button:has-text('Change policy…')");
    assertEquals(await opened.text("#dialog-words"), "Nothing is changed yet.");
    await page.fill("dialog input[name=fail_max]", "2");
    await page.fill("dialog input:not([type=number])", "fails in bursts");
    assertEquals(
      await opened.text("#dialog-words"),
      "fail_max from 5 to 2: for api.example.org, in every process on this store within 2 s.",
    );
    await confirm(opened);
    await page.waitForSelector("#detail-policy:has-text('by ada: fails in bursts')");
    const { override } = await served.registry.inspectPolicy("api.example.org");
    // What was laid over it before stays.
    assertEquals(override?.patch, { failMax: 2, successThreshold: 3 });
    assertEquals([override?.by, override?.reason], ["ada", "fails in bursts"]);
    await page.click("#detail-policy summary");
    await page.waitForSelector("#detail-policy tr.overridden:has-text('fail_max')");
    await page.click("button:has-text('Remove override…')");
    await confirm(opened);
    await page.waitForSelector("#detail-policy:not(:has-text('by ada'))");
    assertEquals((await served.registry.inspectPolicy("api.example.org")).override, undefined);
  },
);

shows(
  "an admin changes the mode; the page says what it means before, and that it holds after",
  async () => {
    await using served = await serveApp({ edge: { tokens: TOKENS } });
    await using opened = await WatchedPage.open(browser, served.url);
    const { page } = opened;
    await logIn(opened, TOKENS.admin[0]!, "ada");
    await untilLive(opened);
    await page.click("#change-mode");
    await page.selectOption("dialog select", "observe");
    assertStringIncludes(
      await opened.text("#dialog-words"),
      "Hosts that are down get the full load.",
    );
    await confirm(opened);
    await page.waitForFunction(() =>
      /Mode is observe: nothing is denied/.test(document.body.innerText)
    );
    const { override } = await served.registry.inspectMode();
    assertEquals([served.registry.mode, override?.by], ["observe", "ada"]);
  },
);

shows("advice stands with its evidence, is applied and undone", async () => {
  await using served = await serveApp({ edge: { tokens: TOKENS }, behindMs: 3_600_000 });
  await flap(served, "flaky.example.org");
  await using opened = await WatchedPage.open(browser, served.url);
  const { page } = opened;
  await logIn(opened, TOKENS.admin[0]!, "ada");
  await page.click("nav a[href='#advice']");
  const card = page.locator(".card").first();
  await card.waitFor();
  assertGreater(await card.locator(".evidence dd").count(), 0);
  const title = await card.locator("strong").innerText();
  const [, parameter, from, to] = /^(\w+) (\S+) → (\S+)$/.exec(title) ?? [];
  assert(to !== undefined, title);
  await opened.picture("advice");
  await card.locator("button").click();
  assertStringIncludes(
    await opened.text("#dialog-words"),
    `${parameter} goes from ${from} to ${to}, in every process`,
  );
  await confirm(opened);
  const { override } = await served.registry.inspectPolicy("flaky.example.org");
  assertEquals(override?.by, "ada");

  await page.click("nav a[href='#hosts']");
  await page.evaluate(() => void (location.hash = "host=flaky.example.org"));
  await page.waitForSelector("#detail-past:has-text('Steps of tuning')");
  assertStringIncludes(await opened.text("#detail-past"), title);
  await page.click("button:has-text('Undo…')");
  assertStringIncludes(
    await opened.text("#dialog-words"),
    `${parameter} goes back from ${to} to ${from}`,
  );
  await confirm(opened);
  await page.waitForSelector("#detail-past:has-text('undone')");
  assertEquals((await served.registry.inspectPolicy("flaky.example.org")).override, undefined);
});

shows("advice on a host with a log says what both policies would have done on it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const eventLog = `${folder}/events.sqlite`;
    await using served = await serveApp({ behindMs: 8 * 3_600_000, eventLog });
    await flap(served, "flaky.example.org", 300);
    const replayed = async () => {
      const { advice } = await (await fetch(`${served.url}/v1/advice`)).json();
      return advice[0]?.replay !== undefined;
    };
    const deadline = performance.now() + 60_000;
    while (!(await replayed())) {
      assert(performance.now() < deadline, "no advice was replayed");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    await using opened = await WatchedPage.open(browser, `${served.url}/#advice`);
    await opened.page.waitForSelector(".card table");
    const caption = await opened.text(".card table caption");
    assertMatch(caption, /^Replayed on its log: (better|same|worse)$/);
    const rows = await opened.page.locator(".card:first-child table tbody tr").allInnerTexts();
    assertMatch(rows[0] ?? "", /^requests wasted\s+[\d,]+\s+[\d,]+$/);
    assertEquals(rows.length, 5);
    await opened.picture("advice-replayed");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

shows("what the server refuses is said in the dialog, which stays", async () => {
  await using served = await serveApp();
  served.registry.open("api.example.org");
  await using opened = await WatchedPage.open(browser, `${served.url}/#host=api.example.org`, {
    expected: /400/,
  });
  await opened.page.click("button:has-text('Change policy…')");
  await opened.page.fill("dialog input[name=reset_timeout_s]", "90000");
  await opened.page.click("dialog button[type=submit]");
  await opened.page.waitForSelector("dialog .problem:not(:empty)");
  assertMatch(await opened.text("dialog .problem"), /^reset_timeout_s expects/);
  assertEquals((await served.registry.inspectPolicy("api.example.org")).override, undefined);
});

// ---- a host's detail --------------------------------------------------------------------------------------

shows(
  "a host's last 24 hours are told in a picture and in words, with latency, statuses and Retry-After",
  async () => {
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
    await using opened = await WatchedPage.open(browser, `${served.url}/#host=${host}`);
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

shows("a resolver opens into its detail too, and is closed there", async () => {
  await using served = await serveApp();
  served.registry.open({ resolver: "crossref" });
  await using opened = await WatchedPage.open(browser, served.url);
  await opened.page.click("#rows a:has-text('crossref (resolver)')");
  await opened.page.click("#detail-actions button:has-text('Close')");
  await confirm(opened);
  await opened.page.waitForSelector("#detail-state[data-state=closed]");
  assertEquals((await served.registry.inspect({ resolver: "crossref" })).state, "closed");
});

// ---- text is text -----------------------------------------------------------------------------------------

const MARKUP = `<img src=x onerror="document.title='owned'"><b>bold</b>`;

shows(
  "names, reasons and hosts that contain markup are shown as text, by the server and by the script",
  async () => {
    const store = memoryStore();
    // As somebody who may write into the store would have it; the gate itself takes no such host.
    const donor = await serveApp({ registry: { store } });
    await donor.registry.open("donor.example.org", { reason: MARKUP, by: MARKUP });
    const [seen] = await store.read(["breakwater:host:donor.example.org"]);
    await store.write(`breakwater:host:${MARKUP}`, seen!.value, undefined, 600_000);
    await donor[Symbol.asyncDispose]();

    await using served = await serveApp({ registry: { store }, edge: { tokens: TOKENS } });
    await using opened = await WatchedPage.open(browser, served.url);
    const { page } = opened;
    await logIn(opened, TOKENS.admin[0]!, MARKUP.slice(0, 64));
    await untilLive(opened);
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
    await confirm(opened);
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

// ---- how it looks -----------------------------------------------------------------------------------------

shows("light and dark follow what the reader's system prefers", async () => {
  await using served = await serveApp();
  await trouble(served, 40);
  await using opened = await WatchedPage.open(browser, served.url);
  await untilLive(opened);
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

shows("on a phone nothing is wider than the screen, and the detail covers the list", async () => {
  await using served = await serveApp();
  await trouble(served, 40);
  const viewport = { width: 390, height: 844 };
  await using opened = await WatchedPage.open(browser, served.url, { viewport, hasTouch: true });
  await untilLive(opened);
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
});

shows("axe finds nothing serious on any view, light and dark", async () => {
  await using served = await serveApp({ edge: { tokens: TOKENS }, behindMs: 3_600_000 });
  await flap(served, "flaky.example.org", 12);
  await trouble(served, 12);
  await using opened = await WatchedPage.open(browser, served.url);
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
  await logIn(opened, TOKENS.admin[0]!, "ada");
  await untilLive(opened);
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
