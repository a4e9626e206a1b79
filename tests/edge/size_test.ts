/**
 * How much of the edge is loaded before it answers: what a platform waits for whenever it starts an instance.
 *
 * @module
 */
import { assertLessOrEqual } from "@std/assert";
import { loadedAtOnceBytes } from "../support/bundles.ts";

const MOST_BYTES = 300_000;

Deno.test("no more than 300 KB of the edge are loaded at once", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assertLessOrEqual(await loadedAtOnceBytes("src/edge/main.ts", folder), MOST_BYTES);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
