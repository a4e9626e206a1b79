/**
 * The dashboard while the demonstration runs, as its user sees it: real processes, and the picture of the README.
 *
 * @module
 */
import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Page } from "npm:playwright-core@1";
import { rowOf, startBrowser, WatchedPage } from "./browser.ts";

const ROOT = new URL("../../", import.meta.url);
const MAIN = decodeURIComponent(new URL("examples/demo/main.ts", ROOT).pathname);
const PICTURE = new URL("examples/dashboard.png", ROOT);
/** The picture of the README is made anew: by the demonstration in full, at a moment when there is much to see. */
const isForReadme = Deno.env.get("UPDATE_PICTURE") === "1";

Deno.test("deno task demo --dashboard shows hosts as they open and close, and stays open until it is interrupted", async () => {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "--dashboard", ...(isForReadme ? [] : ["--quick"])],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const browser = await startBrowser();
  let said = "";
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (;;) {
      const found = pattern.exec(said);
      if (found !== null) return found;
      const { value, done } = await lines.read();
      if (done) throw new Error(`Ended without ${pattern}:\n${said}`);
      said += value;
    }
  };
  try {
    const [, url] = await until(/Dashboard on (http:\S+)\/,/);
    const viewport = { width: 1280, height: 560 };
    const options = { viewport, deviceScaleFactor: 1.5 };
    await using opened = await WatchedPage.open(browser, url!, options);
    const { page } = opened;
    await opened.untilLive();
    await page.waitForSelector(`${rowOf("journal.example")}[data-state=open]`);
    if (isForReadme) await untilMuchIsSeen(page);
    const picture = await opened.picture("demo");
    if (isForReadme) await Deno.writeFile(PICTURE, picture);
    await until(/Failures met:/);
    await page.waitForFunction(() =>
      document.querySelectorAll("#rows tr[data-state=open]").length === 0
    );
    await page.click("nav a[href='#history']");
    await page.waitForSelector("#events tr:has-text('journal.example'):has-text('Open for')");
    await page.waitForSelector("#events tr:has-text('journal.example'):has-text('Closed')");
    await until(/stays open until Ctrl-C/);
    assertEquals((await page.request.get(`${url}/healthz`)).status(), 200);
  } finally {
    process.kill("SIGINT");
    while (!(await lines.read()).done);
    const { code } = await process.status;
    await browser.close();
    assertEquals(code, 0, said);
  }
});

/** Several hosts in trouble, each for a reason of its own. */
async function untilMuchIsSeen(page: Page): Promise<void> {
  await page.waitForFunction(() =>
    document.querySelectorAll("#rows tr[data-key]").length >= 4 &&
    document.querySelectorAll("#rows tr[data-state=open]").length >= 3 &&
    [...document.querySelectorAll("#rows td.errors")].filter((cell) => cell.textContent !== "–")
        .length >= 3
  );
}

Deno.test("the README shows a picture of the dashboard, which is there", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  assert(/!\[[^\]]+\]\(examples\/dashboard\.png\)/.test(readme), "README.md shows no picture");
  const bytes = await Deno.readFile(PICTURE);
  assertEquals([...bytes.slice(1, 4)], [..."PNG"].map((letter) => letter.charCodeAt(0)));
  assertGreater(200_000, bytes.length);
});
