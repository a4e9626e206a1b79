/**
 * A response whose body tells how its reading ended, and which is otherwise the response that came. Knows
 * nothing of gates.
 *
 * @module
 */

/** How the reading of a body ended. */
type BodyEnd =
  /** Read to its end. */
  | { how: "complete" }
  /** Broken off by the sender, the network or a signal. */
  | { how: "broken"; error: unknown }
  /** The reader wanted no more. */
  | { how: "cancelled" };

/** Called when a body ends, and once more where its reader cancels while a read is out. */
type OnBodyEnd = (end: BodyEnd) => void | Promise<void>;

/** The response with `body` in place of its own, and told of its end before the reader is. */
export function withCountedBody(
  response: Response,
  body: ReadableStream<Uint8Array>,
  onEnd: OnBodyEnd,
): Response {
  return likeOriginal(new Response(countedStream(body, onEnd), response), response);
}

function countedStream(
  source: ReadableStream<Uint8Array>,
  onEnd: OnBodyEnd,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      let next;
      try {
        next = await reader.read();
      } catch (error) {
        await onEnd({ how: "broken", error });
        throw error;
      }
      if (!next.done) return controller.enqueue(next.value);
      await onEnd({ how: "complete" });
      controller.close();
    },
    async cancel(reason) {
      await onEnd({ how: "cancelled" });
      await reader.cancel(reason);
    },
    // 0: nothing is read ahead of the caller, so that the end is the end that the caller has seen.
  }, { highWaterMark: 0 });
}

/** `new Response` forgets where it came from, and so does its `clone`. */
function likeOriginal(copy: Response, original: Response): Response {
  return Object.defineProperties(copy, {
    url: { value: original.url },
    redirected: { value: original.redirected },
    type: { value: original.type },
    headers: { value: original.headers },
    clone: { value: () => likeOriginal(Response.prototype.clone.call(copy), original) },
  });
}
