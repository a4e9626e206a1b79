/**
 * A server in this process, for what an edge API would answer.
 *
 * @module
 */

/** Answers on a port of its own until it is disposed. */
export function localServer(
  answer: (request: Request) => Response | Promise<Response>,
): AsyncDisposable & { url: string } {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, answer);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
