/**
 * What a person does on the page: logs in, opens and closes, changes policy and mode, follows advice.
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
import { rowOf } from "./browser.ts";
import { testsInBrowser } from "./browser_tests.ts";
import { flap, serveApp, TOKENS } from "./served_app.ts";

const shows = testsInBrowser();

shows(
  "a stranger sees a form to log in and nothing else; a wrong token is told so",
  async (open) => {
    await using served = await serveApp({ edge: { tokens: TOKENS } });
    served.registry.open("secret.example.org", { reason: "secret-reason" });
    await using opened = await open(served.url, { expected: /40[13]/ });
    const html = await opened.page.content();
    assert(!html.includes("secret"), html);
    await opened.picture("log-in");
    await opened.logIn("not-a-token-of-ours");
    await opened.page.waitForSelector("#problem:not(:empty)");
    assertEquals(await opened.text("#problem"), "This token is not known here.");
    await opened.logIn(TOKENS.crawl[0]!);
    await opened.page.waitForFunction(() => document.body.innerText.includes("may not look"));
    assertEquals(await opened.page.locator("#rows").count(), 0);
  },
);

shows(
  "whoever logs in to read sees everything and can change nothing; logging out ends it",
  async (open) => {
    await using served = await serveApp({ edge: { tokens: TOKENS } });
    served.registry.open("down.example.org", { reason: "maintenance" });
    await using opened = await open(served.url);
    await opened.logIn(TOKENS.read[0]!, "grace");
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

shows(
  "an admin opens, half-opens and closes a host; each asks in words, shows its result, and is in the history",
  async (open) => {
    await using served = await serveApp({ edge: { tokens: TOKENS } });
    await served.tell("api.example.org", { status: 503 });
    await using opened = await open(served.url);
    const { page } = opened;
    await opened.logIn(TOKENS.admin[0]!, "ada");
    await opened.untilLive();
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
    await opened.confirm();
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
    await opened.confirm();
    await page.waitForSelector("#detail-state[data-state=half_open]");

    await page.click("#detail-actions button:has-text('Close')");
    assertStringIncludes(await opened.text("#dialog-words"), "at once and without probes");
    await page.click("dialog button:has-text('Cancel')");
    assertEquals((await served.registry.inspect("api.example.org")).state, "half_open");
    await page.click("#detail-actions button:has-text('Close')");
    await opened.confirm();
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
  async (open) => {
    await using served = await serveApp({ edge: { tokens: TOKENS } });
    served.registry.open("api.example.org");
    await served.registry.setPolicy("api.example.org", { successThreshold: 3 });
    await using opened = await open(served.url);
    const { page } = opened;
    await opened.logIn(TOKENS.admin[0]!, "ada");
    await page.click(`${rowOf("api.example.org")} a`);
    await page.click("button:has-text('Change policy…')");
    assertEquals(await opened.text("#dialog-words"), "Nothing is changed yet.");
    await page.fill("dialog input[name=fail_max]", "2");
    await page.fill("dialog input:not([type=number])", "fails in bursts");
    assertEquals(
      await opened.text("#dialog-words"),
      "fail_max from 5 to 2: for api.example.org, in every process on this store within 2 s.",
    );
    await opened.confirm();
    await page.waitForSelector("#detail-policy:has-text('by ada: fails in bursts')");
    const { override } = await served.registry.inspectPolicy("api.example.org");
    // What was laid over it before stays.
    assertEquals(override?.patch, { failMax: 2, successThreshold: 3 });
    assertEquals([override?.by, override?.reason], ["ada", "fails in bursts"]);
    await page.click("#detail-policy summary");
    await page.waitForSelector("#detail-policy tr.overridden:has-text('fail_max')");
    await page.click("button:has-text('Remove override…')");
    await opened.confirm();
    await page.waitForSelector("#detail-policy:not(:has-text('by ada'))");
    assertEquals((await served.registry.inspectPolicy("api.example.org")).override, undefined);
  },
);

shows(
  "an admin changes the mode; the page says what it means before, and that it holds after",
  async (open) => {
    await using served = await serveApp({ edge: { tokens: TOKENS } });
    await using opened = await open(served.url);
    const { page } = opened;
    await opened.logIn(TOKENS.admin[0]!, "ada");
    await opened.untilLive();
    await page.click("#change-mode");
    await page.selectOption("dialog select", "observe");
    assertStringIncludes(
      await opened.text("#dialog-words"),
      "Hosts that are down get the full load.",
    );
    await opened.confirm();
    await page.waitForFunction(() =>
      /Mode is observe: nothing is denied/.test(document.body.innerText)
    );
    const { override } = await served.registry.inspectMode();
    assertEquals([served.registry.mode, override?.by], ["observe", "ada"]);
  },
);

shows("advice stands with its evidence, is applied and undone", async (open) => {
  await using served = await serveApp({ edge: { tokens: TOKENS }, behindMs: 3_600_000 });
  await flap(served, "flaky.example.org");
  await using opened = await open(served.url);
  const { page } = opened;
  await opened.logIn(TOKENS.admin[0]!, "ada");
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
  await opened.confirm();
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
  await opened.confirm();
  await page.waitForSelector("#detail-past:has-text('undone')");
  assertEquals((await served.registry.inspectPolicy("flaky.example.org")).override, undefined);
});

shows("advice on a host with a log says what both policies would have done on it", async (open) => {
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
    await using opened = await open(`${served.url}/#advice`);
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

shows("what the server refuses is said in the dialog, which stays", async (open) => {
  await using served = await serveApp();
  served.registry.open("api.example.org");
  await using opened = await open(`${served.url}/#host=api.example.org`, {
    expected: /400/,
  });
  await opened.page.click("button:has-text('Change policy…')");
  await opened.page.fill("dialog input[name=reset_timeout_s]", "90000");
  await opened.page.click("dialog button[type=submit]");
  await opened.page.waitForSelector("dialog .problem:not(:empty)");
  assertMatch(await opened.text("dialog .problem"), /^reset_timeout_s expects/);
  assertEquals((await served.registry.inspectPolicy("api.example.org")).override, undefined);
});

shows("a resolver opens into its detail too, and is closed there", async (open) => {
  await using served = await serveApp();
  served.registry.open({ resolver: "crossref" });
  await using opened = await open(served.url);
  await opened.page.click("#rows a:has-text('crossref (resolver)')");
  await opened.page.click("#detail-actions button:has-text('Close')");
  await opened.confirm();
  await opened.page.waitForSelector("#detail-state[data-state=closed]");
  assertEquals((await served.registry.inspect({ resolver: "crossref" })).state, "closed");
});
