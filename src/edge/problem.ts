/**
 * Errors as clients see them: RFC 9457 problem documents. What a client sent may be named here; what went wrong
 * inside may not.
 *
 * @module
 */
import { secured } from "./secure_headers.ts";

/** One thing that is wrong in what a client sent. */
export interface FieldError {
  /** Where: `host`, `allow[3].role`; `body` for the whole. */
  field: string;
  /** What was found there; absent where nothing was, and where it might be a secret. */
  found?: string;
  /** What is expected instead. */
  message: string;
}

/** A refusal that is the client's to mend. Thrown by whoever sees it, answered by the app. */
export class Problem extends Error {
  override readonly name = "Problem";
  /** HTTP status of the answer. */
  readonly status: number;
  /** Everything that is wrong, field by field. */
  readonly errors?: readonly FieldError[];
  /** Headers that belong to the status, such as `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;

  /** The message is the problem's `detail`. */
  constructor(
    status: number,
    detail: string,
    more: { errors?: readonly FieldError[]; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail);
    this.status = status;
    this.errors = more.errors;
    this.headers = more.headers;
  }
}

/** More than this many are not listed: a hundred bad items say as much as a thousand. */
const MAX_ERRORS = 100;

/** The refusal of a body, query or path with these mistakes. */
export function invalid(errors: readonly FieldError[]): Problem {
  const [first] = errors;
  const detail = first === undefined ? "Invalid request" : `${first.field} ${first.message}`;
  const more = errors.length > 1 ? `, and ${errors.length - 1} more` : "";
  return new Problem(400, detail + more, { errors: errors.slice(0, MAX_ERRORS) });
}

/** Of each status that a refusal may have. */
export const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** The problem as an answer, with headers that belong to the request besides. */
export function problemResponse(
  problem: Problem,
  besides: Readonly<Record<string, string>> = {},
): Response {
  const { status, message, errors, headers } = problem;
  const document = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    detail: message,
    errors,
  };
  return secured(
    new Response(JSON.stringify(document), {
      status,
      headers: { "content-type": "application/problem+json", ...headers, ...besides },
    }),
  );
}

/** What clients are told of an error that is not theirs: that there was one. */
export function internalProblem(): Problem {
  return new Problem(500, "The server failed to answer; its log says why");
}

const LONGEST_SHOWN = 80;

/** A value as a refusal repeats it: short, and never the contents of objects. */
export function found(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`;
}
