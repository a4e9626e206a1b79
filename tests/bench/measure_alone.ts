/**
 * Starts `alone.ts` and reads what it says.
 *
 * @module
 */
import type { Measured } from "./alone.ts";

const PROGRAM = new URL("./alone.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** So much room, in MB, that nothing is collected before it is counted. */
const ROOM = "--expose-gc,--min-semi-space-size=64";

/** One case in a process of its own. The lock file is left alone: Fedify is not in it. */
export async function measureAlone(kind: string, name = "", count = 0): Promise<Measured> {
  const v8 = kind === "garbage" ? ROOM : "--expose-gc";
  const flags = ["-A", "--no-lock", `--v8-flags=${v8}`, "--config", CONFIG];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...flags, PROGRAM, kind, name, String(count)],
  }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  return JSON.parse(new TextDecoder().decode(stdout));
}
