/**
 * Headers that every answer of the edge carries. What belongs to one answer stands with its route.
 *
 * @module
 */

/**
 * The answer with what browsers and caches in between have to know: that its type is not to be guessed, that no
 * address is to be passed on from it, and that it is not to be kept, unless it says itself for how long.
 *
 * Appended to the finished answer: as part of its init they would cost ten times as much.
 */
export function secured(response: Response): Response {
  const { headers } = response;
  if (!headers.has("cache-control")) headers.append("cache-control", "no-store");
  headers.append("referrer-policy", "no-referrer");
  return unguessed(response);
}

/**
 * The answer to a crawler's POST, which no cache keeps (RFC 9111 section 3) and no browser shows: each header
 * costs such a call 4 %.
 */
export function unguessed(response: Response): Response {
  response.headers.append("x-content-type-options", "nosniff");
  return response;
}
