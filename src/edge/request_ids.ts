/**
 * The id of a request: what a client calls it, or one of ours. It stands in answers and in the log, so that the two
 * can be laid side by side.
 *
 * @module
 */
import { idMaker } from "../breaker/permit.ts";
import { drawIdPrefix } from "../registry/id_prefix.ts";

/** The header that brings it and takes it back. */
export const REQUEST_ID = "x-request-id";

/** What a client may call a request: nothing that could be mistaken for another field of a line. */
const SANE = /^[A-Za-z0-9._-]{1,64}$/;

/** The id of a request; the same one each time it is asked for. */
export type RequestIds = (request: Request) => string;

/** Ids of requests. Nothing is kept or drawn for a request that nobody asks about. */
export function requestIds(): RequestIds {
  const given = new WeakMap<Request, string>();
  const next = idMaker(drawIdPrefix);
  return (request) => {
    const brought = request.headers.get(REQUEST_ID);
    if (brought !== null && SANE.test(brought)) return brought;
    const known = given.get(request);
    if (known !== undefined) return known;
    const id = next();
    given.set(request, id);
    return id;
  };
}
