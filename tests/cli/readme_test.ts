/**
 * The commands that the README shows, run as they stand there, in a folder that holds what they name.
 *
 * @module
 */
import { assertEquals, assertMatch } from "@std/assert";
import { BreakerRegistry } from "../../src/registry/registry.ts";
import { openSqliteLog } from "../../src/telemetry/sqlite_log.ts";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { commandLine, environment } from "./cli_process.ts";
import { codeBlocks } from "../support/readme.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
/** By its heading, and a file that is there before. */
const SECTIONS: Record<string, (folder: string) => Promise<void>> = {
  "Command line": async (folder) => {
    await Deno.writeTextFile(`${folder}/other.yaml`, "defaults: { fail_max: 3, reset: 90s }\n");
    await writeLog(`${folder}/events.sqlite`);
  },
  "Operations": async (folder) => {
    await Deno.copyFile(`${ROOT}config/breakers.yaml`, `${folder}/breakers.yaml`);
    await run(folder, "breakwater open api.example.org --reason 'left open'");
  },
};

/** The server never ends by itself: it is interrupted, as a person does; perhaps before it listens. */
const WRAPPER = `#!/bin/bash
case "$* " in
  serve\\ *)
    timeout --preserve-status --signal=INT 1 PROGRAM "$@" || exit $(( $? == 130 ? 0 : $? )) ;;
  *) exec PROGRAM "$@" ;;
esac
`;
/** The task is the checkout's. */
const DENO = `#!/bin/bash\ncd "$CHECKOUT" && exec PROGRAM "$@"\n`;

async function writeLog(path: string): Promise<void> {
  await using registry = new BreakerRegistry();
  await using _log = await openSqliteLog(registry, path);
  for (const status of [503, 503, 503, 503, 503, 200]) {
    const verdict = await registry.allow({ host: "api.example.org" });
    if (verdict.allowed) await registry.record(verdict.permit, { status });
  }
}

async function writeProgram(path: string, text: string, command: readonly string[]): Promise<void> {
  const program = command.map((word) => `'${word}'`).join(" ");
  await Deno.writeTextFile(path, text.replaceAll("PROGRAM", program), { mode: 0o755 });
}

/** Runs a script that stops at the first command that fails, telling each before. */
async function run(folder: string, script: string): Promise<{ code: number; said: string }> {
  const { PATH = "", ...env } = environment();
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-euxo", "pipefail", "-c", script],
    cwd: folder,
    clearEnv: true,
    env: {
      ...env,
      PATH: `${folder}/bin:${PATH}`,
      CHECKOUT: ROOT,
      PORT: "0",
      BREAKWATER_STORE: "sqlite:breakers.sqlite",
    },
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { code, said: text.decode(stdout) + text.decode(stderr) };
}

for (const [heading, prepare] of Object.entries(SECTIONS)) {
  Deno.test(`the commands of the README's section '${heading}' do what they say`, async () => {
    const blocks = codeBlocks().filter((block) =>
      block.language === "sh" && block.heading === heading
    );
    const script = blocks.map(({ text }) => text).join("");
    assertMatch(script, /^breakwater /m);
    await using folder = await temporaryFolder();
    await Deno.mkdir(`${folder.path}/bin`);
    await writeProgram(`${folder.path}/bin/breakwater`, WRAPPER, commandLine([]));
    await writeProgram(`${folder.path}/bin/deno`, DENO, [Deno.execPath()]);
    await prepare(folder.path);
    const { code, said } = await run(folder.path, script);
    assertEquals(code, 0, said);
  });
}
