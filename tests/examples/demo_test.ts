/**
 * The demonstration as its user runs it: a command that ends, and what it prints. Processes, sockets and files are
 * real.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";

const MAIN = decodeURIComponent(new URL("../../examples/demo/main.ts", import.meta.url).pathname);

/** Starts it with a folder of its own for temporary files. */
function start(folder: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", MAIN, "--quick"],
    env: { TMPDIR: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** The figures of a host's row: with breakers sent, denied, failures, probes; without sent, failures. */
function rowOf(text: string, host: string): number[] {
  const line = text.split("\n").find((line) => line.startsWith(`${host} `) && line.includes("|"));
  assert(line !== undefined, `no row for ${host} in:\n${text}`);
  return line.slice(host.length).match(/\d+/g)?.map(Number) ?? [];
}

function send(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch (error) {
    // It has ended already.
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function isListening(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  try {
    (await Deno.connect({ hostname, port: Number(port) })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}

function addressIn(text: string): string {
  const [, url] = /Edge API on (http:\S+),/.exec(text) ?? [];
  assert(url !== undefined, `no address in:\n${text}`);
  return url;
}

Deno.test("the demonstration shows fewer failures met with breakers than without, and leaves nothing behind", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { code, stdout, stderr } = await start(folder).output();
    const text = new TextDecoder().decode(stdout);
    assertEquals(new TextDecoder().decode(stderr), "");
    assertEquals(code, 0, text);

    for (const host of ["journal.example", "api.example"]) {
      const [sent, denied, failures, probes, plainSent, plainFailures] = rowOf(text, host);
      assert(failures! < plainFailures! / 2, `${host} met ${failures} of ${plainFailures}`);
      assert(failures! >= 1 && probes! >= 1 && denied! > 0, `${host}: ${text}`);
      assert(sent! > 0 && plainSent! > plainFailures!, `${host}: ${text}`);
    }
    const [, , hangs, , , plainHangs] = rowOf(text, "archive.example");
    assert(hangs! < plainHangs!, `archive.example hung ${hangs} of ${plainHangs} times`);
    const [sent, denied, failures] = rowOf(text, "library.example");
    assertEquals([denied, failures], [0, 0]);
    assert(sent! > 0);

    assert(/journal\.example +closed +-> open +3 failures in a row/.test(text), text);
    assert(/journal\.example +open +-> half_open/.test(text), text);
    assert(/journal\.example +half_open -> closed/.test(text), text);
    assert(/api\.example +closed +-> open +Retry-After/.test(text), text);
    assert(!text.includes("\x1b"), "no colours where nobody looks");
    assertEquals(await isListening(addressIn(text)), false);
    assertEquals(Array.from(Deno.readDirSync(folder)), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.test(`the demonstration ends everything it started on ${signal}, sent twice`, async () => {
    const folder = await Deno.makeTempDir();
    const process = start(folder);
    const errors = new Response(process.stderr).text();
    try {
      let text = "";
      for await (const part of process.stdout.pipeThrough(new TextDecoderStream())) {
        text += part;
        // First as the terminal sends it, then as `deno task` passes it on.
        if (part.includes("answers 503") || part.includes("Interrupted")) send(process, signal);
      }
      assertEquals((await process.status).code, 130, text);
      assert(text.endsWith("Interrupted: ending what was started\n"), text);
      assertEquals(await isListening(addressIn(text)), false);
      assertEquals(Array.from(Deno.readDirSync(folder)), []);
      assertEquals(await errors, "");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}
