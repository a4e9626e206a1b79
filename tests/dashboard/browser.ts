/**
 * A real browser for the dashboard: Chromium, driven from here. Every page watches itself: an error on the console, a
 * request to another origin or one that the content security policy stops fails the test that opened it.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import axe from "npm:axe-core@4";
import {
  type Browser,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "npm:playwright-core@1";
import { installPackage } from "../support/debian_package.ts";

/** Where screenshots go; not kept in the repository. */
const OUTPUT = new URL("../output/dashboard/", import.meta.url);
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];
const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const HINT = "apt-get install chromium, or set CHROMIUM to the path of one";

/** The program; on Debian, who may do so installs a missing one. */
async function findChromium(): Promise<string> {
  const places = [Deno.env.get("CHROMIUM") ?? "", ...PLACES];
  const find = () => places.find((place) => place !== "" && exists(place));
  const found = find();
  if (found !== undefined) return found;
  const installed = await installPackage("chromium") ? find() : undefined;
  if (installed !== undefined) return installed;
  throw new Error(`There is no Chromium: ${HINT}`);
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A browser that runs until it is disposed. */
export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({ executablePath: await findChromium(), args: ARGS });
}

/** Rows of the list. */
export const ROW = "#rows tr[data-key]";

/** The row of a host. */
export function rowOf(host: string): string {
  return `#rows tr[data-key="host:${host}"]`;
}

/** How a page is opened. */
export interface OpenOptions extends BrowserContextOptions {
  /** Errors on the console that are expected: a refusal that the test provokes. */
  expected?: RegExp;
}

/** What a page is that nobody asks to be otherwise. */
const CONTEXT = { viewport: { width: 1280, height: 800 }, locale: "en-GB" };

/** A page of each browser that waits for the next test: to make one takes longer than most of what is done with it. */
const spare = new WeakMap<Browser, Page>();

/** A page that watches itself. */
export class WatchedPage implements AsyncDisposable {
  readonly page: Page;
  /** True where it can be used again. */
  readonly #isPlain: boolean;
  readonly #errors: string[] = [];
  readonly #foreign: string[] = [];
  readonly #expected: RegExp | undefined;

  private constructor(
    page: Page,
    origin: string,
    { expected, isPlain }: { expected: RegExp | undefined; isPlain: boolean },
  ) {
    this.page = page;
    this.#expected = expected;
    this.#isPlain = isPlain;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.#errors.push(message.text());
    });
    page.on("pageerror", (error) => this.#errors.push(String(error)));
    page.on("request", (request) => {
      const url = request.url();
      if (!url.startsWith(`${origin}/`) && !url.startsWith("data:")) this.#foreign.push(url);
    });
  }

  /** Opens a page of a server. */
  static async open(
    browser: Browser,
    url: string,
    options: OpenOptions = {},
  ): Promise<WatchedPage> {
    const { expected, ...contextOptions } = options;
    const isPlain = Object.keys(contextOptions).length === 0;
    const left = isPlain ? spare.get(browser) : undefined;
    spare.delete(browser);
    const page = left ?? await newPage(browser, contextOptions);
    const opened = new WatchedPage(page, new URL(url).origin, { expected, isPlain });
    await page.goto(url);
    return opened;
  }

  /** Looks at how it looks: a picture among the test's output. */
  async picture(name: string): Promise<Uint8Array> {
    await Deno.mkdir(OUTPUT, { recursive: true });
    const picture = await this.page.screenshot();
    await Deno.writeFile(new URL(`${name}.png`, OUTPUT), picture);
    return picture;
  }

  /** What axe finds that is serious or worse, in a line each; by all of its rules, or by some. */
  async seriousFindings(rules?: string[]): Promise<string[]> {
    // By the driver, past the policy of the page: it is no script of ours.
    if (!await this.page.evaluate(() => "axe" in globalThis)) await this.page.evaluate(axe.source);
    const violations = await this.page.evaluate(async (rules) => {
      // deno-lint-ignore no-explicit-any -- axe has put itself there
      const { violations } = await (globalThis as any).axe.run(document, {
        resultTypes: ["violations"],
        preload: false,
        ...(rules !== undefined && { runOnly: rules }),
      });
      return violations;
    }, rules);
    return violations
      .filter(({ impact }: { impact: string }) => impact === "serious" || impact === "critical")
      .map(({ id, help, nodes }: { id: string; help: string; nodes: { html: string }[] }) =>
        `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 120)).slice(0, 3).join(" | ")}`
      );
  }

  /** Sends a token, and what the person calls himself. */
  async logIn(token: string, name = ""): Promise<void> {
    await this.page.fill("#token", token);
    await this.page.fill("#name", name);
    await this.page.click("#log-in button");
  }

  /** Waits until the page follows events: what happens from now on is seen. */
  async untilLive(): Promise<void> {
    await this.page.waitForSelector("#live[data-state=live]");
  }

  /** Says yes in the dialog that is open. */
  async confirm(): Promise<void> {
    await this.page.click("dialog button[type=submit]");
    await this.page.waitForSelector("dialog", { state: "detached" });
  }

  /** The text of an element. */
  async text(selector: string): Promise<string> {
    return (await this.page.locator(selector).first().innerText()).trim();
  }

  /** Leaves it, and says what it has seen. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave();
    const unexpected = this.#errors.filter((error) => !this.#expected?.test(error));
    assertEquals(unexpected, [], "errors on the console");
    assertEquals(this.#foreign, [], "requests to another origin");
  }

  /** Nothing of what was done with it is left for the next who uses it. */
  async #leave(): Promise<void> {
    const { page } = this;
    const context = page.context();
    const browser = context.browser();
    if (!this.#isPlain || browser === null || spare.has(browser)) return await context.close();
    await page.goto("about:blank");
    page.removeAllListeners();
    await context.clearCookies();
    await context.setOffline(false);
    await page.emulateMedia({ colorScheme: null });
    spare.set(browser, page);
  }
}

async function newPage(browser: Browser, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({ ...CONTEXT, ...options });
  context.setDefaultTimeout(15_000);
  return await context.newPage();
}
