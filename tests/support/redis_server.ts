/**
 * A real Redis for a test: `redis-server` on a free port, in a directory of its own, keeping nothing.
 *
 * @module
 */
import { installPackage, succeeds } from "./debian_package.ts";

/** How to get the program where it is missing. */
export const REDIS_HINT = "apt-get install redis-server, or brew install redis";

const READY_WITHIN_MS = 10_000;

/** A Redis that runs until it is disposed. */
export interface RedisServer extends AsyncDisposable {
  /** On 127.0.0.1. */
  port: number;
  /** Stops the process where it is: connections stay, nothing is answered. */
  pause(): void;
  /** Lets it go on. */
  resume(): void;
  /** Ends it without warning. */
  crash(): Promise<void>;
  /** After a crash: starts another one on the same port, which knows nothing; waits until it answers. */
  restart(): Promise<void>;
}

/** Whether there is a `redis-server`; on Debian a missing one is installed. */
export async function hasRedisServer(): Promise<boolean> {
  if (await succeeds("redis-server", "--version")) return true;
  return await installPackage("redis-server");
}

/** Starts a Redis and waits until it answers. */
export async function startRedis(): Promise<RedisServer> {
  const directory = await Deno.makeTempDir({ prefix: "breakwater-redis-" });
  const port = freePort();
  let child = spawnRedis(directory, port);
  async function crash(): Promise<void> {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await child.status;
  }
  async function stop(): Promise<void> {
    await crash();
    await Deno.remove(directory, { recursive: true });
  }
  try {
    await untilReady(port);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    port,
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    crash,
    async restart() {
      child = spawnRedis(directory, port);
      await untilReady(port);
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** One that saves nothing. */
function spawnRedis(directory: string, port: number): Deno.ChildProcess {
  return new Deno.Command("redis-server", {
    args: ["--port", `${port}`, "--bind", "127.0.0.1", "--dir", directory, "--save", ""],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function untilReady(port: number): Promise<void> {
  const deadline = performance.now() + READY_WITHIN_MS;
  while (!(await answersPing(port))) {
    if (performance.now() > deadline) throw new Error(`redis-server did not start on port ${port}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function answersPing(port: number): Promise<boolean> {
  try {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    await connection.write(new TextEncoder().encode("PING\r\n"));
    const answer = new Uint8Array(5);
    await connection.read(answer);
    return new TextDecoder().decode(answer) === "+PONG";
  } catch {
    return false;
  }
}
