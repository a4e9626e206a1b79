// deno-lint-ignore-file no-console -- the parent process reads standard output
/**
 * The REST API of Upstash as somebody else has written it, `npm:@humanwhocodes/upstash-redis-server`, before a
 * Redis of its own. It cannot be closed, and so runs in a process of its own, which ends with its parent.
 *
 * @module
 */
import { startRedis } from "./redis_server.ts";

/** A server in a process of its own. */
export interface OtherUpstashServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  token: string;
  /** Has its Redis carry out a command; gives the JSON of the answer. */
  redis(...command: string[]): Promise<string>;
}

const TOKEN = "other-token";

/** Starts the process and waits until it listens. */
export async function startOtherUpstashServer(): Promise<OtherUpstashServer> {
  const config = `${import.meta.dirname}/../../deno.json`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--config", config, import.meta.filename!],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const answers = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value } = await answers.read();
  const url = value?.trim();
  if (!url) throw new Error("@humanwhocodes/upstash-redis-server did not start");
  return {
    url,
    token: TOKEN,
    async redis(...command) {
      const headers = { authorization: `Bearer ${TOKEN}` };
      const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(command) });
      const said = await answer.text();
      if (!answer.ok) throw new Error(`${command[0]} was refused: ${said}`);
      return said;
    },
    async [Symbol.asyncDispose]() {
      await child.stdin.close();
      await answers.cancel();
      await child.status;
    },
  };
}

if (import.meta.main) {
  const { createApp } = await import("npm:@humanwhocodes/upstash-redis-server@^1.0.0");
  const redis = await startRedis();
  const app = createApp({ token: TOKEN, redisUrl: `redis://127.0.0.1:${redis.port}` });
  Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen: ({ port }) => console.log(`http://127.0.0.1:${port}`),
  }, app.fetch);
  await Deno.stdin.readable.pipeTo(new WritableStream());
  await redis[Symbol.asyncDispose]();
  Deno.exit(0);
}
