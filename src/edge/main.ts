/**
 * The edge server: reads the environment, chooses store and clock, and listens. One file for `deno run`,
 * `deno serve` and Deno Deploy. What can be tested without a process lives in the files beside it.
 *
 * @module
 */
import type { Fetch } from "./serve.ts";
import { startBehind, type StartOptions, startProblem, startServer } from "./start.ts";

/** Standard error, so that nothing mixes with what a caller may pipe. */
function log(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Fails as a promise does, even where the environment may not be read. */
async function start(begin: (options: StartOptions) => Promise<Fetch>): Promise<Fetch> {
  try {
    return await begin({ env: Deno.env.toObject(), args: Deno.args, log });
  } catch (error) {
    log(startProblem(error));
    Deno.exit(1);
  }
}

let started: Promise<Fetch> | undefined;

/**
 * What `deno serve` looks for. It calls `onListen` before any timer of this process fires, and nobody else calls
 * it: that tells it apart from `deno run`, where `import.meta.main` is true as well. The further threads of
 * `deno serve --parallel` are not told, and would listen on PORT besides: run several processes instead.
 */
export default {
  async fetch(request, info) {
    const fetch = await started;
    return fetch === undefined ? new Response(null, { status: 503 }) : fetch(request, info);
  },
  onListen(address) {
    started = start((options) => startBehind(address, options));
  },
} satisfies Deno.ServeDefaultExport;

if (import.meta.main) {
  setTimeout(() => {
    started ??= start(startServer);
  }, 0);
}
