/**
 * How fast the dashboard is with many hosts in trouble, measured in the browser by its own clock.
 *
 * @module
 */
import type { Browser } from "npm:playwright-core@1";
import { WatchedPage } from "./browser.ts";
import { serveApp, trouble } from "./served_app.ts";

/** Milliseconds, as the browser measured them. */
export interface Pace {
  /** From the navigation until something was painted. */
  firstPaintMs: number;
  /** From a change of the data until it was painted: the slowest of several. */
  slowestUpdateMs: number;
  /** The longest frame while the list was scrolled. */
  slowestFrameMs: number;
}

/** Changes that are measured. */
const UPDATES = 10;

/** Loads the page, changes hosts one by one, and scrolls. */
export async function measurePace(browser: Browser, hosts: number): Promise<Pace> {
  await using served = await serveApp();
  await trouble(served, hosts);
  // What a server does once only, such as putting the script together, is not what a reader waits for.
  for (const path of ["/", "/dashboard/app.js"]) await (await fetch(served.url + path)).text();
  await using opened = await WatchedPage.open(browser, served.url);
  const { page } = opened;
  await page.waitForFunction(
    (text) => document.getElementById("shown")?.textContent === text,
    allOf(hosts),
  );
  const firstPaintMs = await page.evaluate(() =>
    performance.getEntriesByName("first-contentful-paint")[0]!.startTime
  );
  await opened.untilLive();
  await page.evaluate(() => performance.clearMeasures());
  for (let i = 0; i < UPDATES; i++) {
    await served.registry.open(`new-${i}.example.org`, { forMs: 60_000 });
    await page.waitForFunction(
      (text) => document.getElementById("shown")?.textContent === text,
      allOf(hosts + i + 1),
    );
  }
  const updates = await page.evaluate(() =>
    performance.getEntriesByName("breakwater-update").map(({ duration }) => duration)
  );
  if (updates.length < UPDATES / 2) throw new Error(`Only ${updates.length} updates were measured`);
  const slowestFrameMs = await page.evaluate(scrollThrough);
  await opened.picture(`hosts-${hosts}`);
  return { firstPaintMs, slowestUpdateMs: Math.max(...updates), slowestFrameMs };
}

function allOf(hosts: number): string {
  return `${hosts < 10_000 ? hosts.toLocaleString("en") : `${(hosts / 1e3).toFixed(1)} k`} in all`;
}

/** On the page: from the top to the bottom in fifty frames; gives the longest of them. */
function scrollThrough(): Promise<number> {
  const height = document.documentElement.scrollHeight;
  const frames = 50;
  return new Promise((resolve) => {
    let frame = 0;
    let longest = 0;
    let before = performance.now();
    const next = () => {
      const now = performance.now();
      if (frame > 1) longest = Math.max(longest, now - before);
      before = now;
      if (frame++ === frames) return resolve(longest);
      scrollTo(0, height * frame / frames);
      requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
  });
}
