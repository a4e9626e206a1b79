/**
 * Origins on loopback that behave and misbehave over real sockets.
 *
 * @module
 */

/** A running origin; disposing of it stops it. */
export interface Origin extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  readonly url: string;
}

/** What a handler may do besides answering. */
export interface OriginTools {
  /** Resolves when the origin is disposed of: whoever awaits it never answers in time. */
  readonly closing: Promise<void>;
}

/** Serves with a handler. */
export function serve(
  handler: (request: Request, tools: OriginTools) => Response | Promise<Response>,
): Origin {
  const { promise: closing, resolve: close } = Promise.withResolvers<void>();
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {}, onError: () => new Response(null) },
    (request) => handler(request, { closing }),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      close();
      await server.shutdown();
    },
  };
}

/** Sends these bytes to whoever connects and asks, then cuts the connection. */
export function serveRaw(bytes: string): Origin {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  const answer = async (connection: Deno.Conn) => {
    try {
      await connection.read(new Uint8Array(4096));
      await connection.write(new TextEncoder().encode(bytes));
    } catch {
      // The client went first.
    }
    connection.close();
  };
  const accepting = (async () => {
    const answers: Promise<void>[] = [];
    for await (const connection of listener) answers.push(answer(connection));
    await Promise.all(answers);
  })();
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      listener.close();
      await accepting;
    },
  };
}

/** An answer that promises 10 bytes and breaks off after 5. */
export const CUT_OFF = "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello";

/** A body that sends a first chunk and then nothing more. */
export function endlessBody(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode("hello")),
  });
}
