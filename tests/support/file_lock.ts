// deno-lint-ignore-file no-console -- the parent process reads standard output
/**
 * A process of its own that locks an SQLite file against writers, as a slow neighbour would.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";

/** Locks the file at `path` for as long as the answer is not disposed. */
export async function lockFile(path: string): Promise<AsyncDisposable> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--no-config", import.meta.filename!, path],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await answers.read();
  if (value?.trim() !== "locked") throw new Error(`The file was not locked: ${value}`);
  return {
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await answers.cancel();
      await child.status;
    },
  };
}

if (import.meta.main) {
  const database = new DatabaseSync(Deno.args[0]!);
  database.exec("BEGIN IMMEDIATE");
  console.log("locked");
  await Deno.stdin.readable.pipeTo(new WritableStream());
  database.exec("ROLLBACK");
  database.close();
}
