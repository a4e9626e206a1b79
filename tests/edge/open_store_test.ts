/**
 * Settings that a store's constructor refuses, whoever let them pass: told in a line, never with a stack.
 *
 * @module
 */
import { assertEquals, assertRejects } from "@std/assert";
import type { ResolvedConfig } from "../../src/config/mod.ts";
import { openStore } from "../../src/edge/open_store.ts";
import { StartError } from "../../src/edge/settings.ts";

const SETTINGS: ResolvedConfig["store"] = {
  backend: "memory",
  share: "state",
  freshnessMs: 500,
  timeoutMs: 250,
  onError: "local",
};

const REFUSED: Record<string, [Partial<ResolvedConfig["store"]>, words: string]> = {
  "a path that is empty": [{ backend: "sqlite", path: "" }, "'path' must name a file"],
  "a time that no timer holds": [
    { backend: "sqlite", path: ":memory:", timeoutMs: 2 ** 31 },
    "received 2147483648",
  ],
  "an address that is none": [
    { backend: "upstash", url: "nowhere" },
    "'url' must be like https://",
  ],
  "no token": [{ backend: "upstash", url: "https://example.upstash.io" }, "'token' must be"],
};

for (const [what, [settings, words]] of Object.entries(REFUSED)) {
  Deno.test(`${what} is told to the operator in a line`, async () => {
    const config = { store: { ...SETTINGS, ...settings }, sources: {} };
    const { message } = await assertRejects(() => openStore(config, false, {}), StartError, words);
    assertEquals(message.includes("\n"), false, message);
  });
}
