/**
 * What operators and the dashboard send: bodies, queries and names in paths. Each is either understood as a whole or
 * refused with every mistake in it. The schemas are in `operator_schemas.ts` and `advice_schemas.ts`.
 *
 * @module
 */
import { hostKey } from "../breaker/host_key.ts";
import {
  type AdviceBody,
  adviceBody,
  type AdviceQuery,
  adviceQuery,
  type ApplyBody,
  applyBody,
} from "./advice_schemas.ts";
import { EXPECTED } from "./fields.ts";
import { isDefined, listsOf, refuseTooMany } from "./items.ts";
import { checked, whole } from "./mistakes.ts";
import { checkHost, checkName, isHost } from "./name_checks.ts";
import {
  type HistoryListQuery,
  historyQuery,
  type ListQuery,
  listQuery,
  type LogInBody,
  logInBody,
  type ModeBody,
  modeBody,
  type ReasonQuery,
  reasonQuery,
  type StateBody,
  stateBody,
} from "./operator_schemas.ts";
import { type FieldError, found, invalid, type Problem } from "./problem.ts";

/** What of the advice is to be applied, and for which hosts the last step is to be undone. */
export interface Apply {
  /** Absent: whatever there is to apply. */
  advice?: AdviceBody[];
  undo: string[];
  windowMs?: number;
}

/**
 * What an operator wants of a breaker.
 *
 * @throws {Problem} 400
 */
export function parseState(value: unknown): StateBody {
  return whole((errors) => {
    const body = checked(stateBody, value, "", errors);
    if (body === undefined || body.state === "open") return body;
    for (const field of ["seconds", "reason"] as const) {
      if (body[field] !== undefined) {
        errors.push({ field, found: found(body[field]), message: "goes with state open only" });
      }
    }
    return body;
  });
}

/**
 * The mode that an operator wants.
 *
 * @throws {Problem} 400
 */
export function parseMode(value: unknown): ModeBody {
  return whole((errors) => checked(modeBody, value, "", errors));
}

/**
 * What of the advice an operator wants applied or undone. Hosts come out as their keys.
 *
 * @throws {Problem} 400, or 413 where there are too many items
 */
export function parseApply(value: unknown): Apply {
  return whole((errors) => {
    const body: ApplyBody = checked(applyBody, value, "", errors) ?? listsOf(value);
    const { advice, undo = [], window_s: windowS } = body;
    refuseTooMany("advice", advice ?? []);
    refuseTooMany("undo", undo);
    const hosts = undo.map((item, i) => checkUndone(item, `undo[${i}]`, errors));
    const wanted = advice?.map((item, i) => checkAdvice(item, `advice[${i}]`, errors));
    return {
      // Whoever undoes does not want everything else applied.
      advice: wanted?.filter(isDefined) ?? (body.undo === undefined ? undefined : []),
      undo: hosts.filter(isDefined),
      windowMs: windowS === undefined ? undefined : windowS * 1_000,
    };
  });
}

/**
 * The query of the advice.
 *
 * @throws {Problem} 400
 */
export function parseAdviceQuery(query: URLSearchParams): AdviceQuery {
  return whole((errors) => checked(adviceQuery, Object.fromEntries(query), "", errors));
}

/**
 * The query of a listing.
 *
 * @throws {Problem} 400
 */
export function parseListQuery(query: URLSearchParams): ListQuery {
  return whole((errors) => checked(listQuery, Object.fromEntries(query), "", errors));
}

/**
 * The query of a change that may give its reason.
 *
 * @throws {Problem} 400
 */
export function parseReasonQuery(query: URLSearchParams): ReasonQuery {
  return whole((errors) => checked(reasonQuery, Object.fromEntries(query), "", errors));
}

/**
 * The query of the history; the host as its key.
 *
 * @throws {Problem} 400
 */
export function parseHistoryQuery(query: URLSearchParams): HistoryListQuery {
  return whole((errors) => {
    const asked = checked(historyQuery, Object.fromEntries(query), "", errors);
    if (asked?.host === undefined || !checkHost("host", asked.host, "", errors)) return asked;
    return { ...asked, host: hostKey(asked.host) };
  });
}

/**
 * Who wants to log in to the dashboard.
 *
 * @throws {Problem} 400
 */
export function parseLogIn(value: unknown): LogInBody {
  return whole((errors) => checked(logInBody, value, "", errors));
}

/** The refusal of a cursor that is not of the listing. */
export function invalidCursor(cursor: string): Problem {
  return invalid([{ field: "cursor", found: found(cursor), message: EXPECTED["cursor"]! }]);
}

/**
 * The host in a path, percent-decoded.
 *
 * @throws {Problem} 400
 */
export function parseHostParameter(host: string): string {
  return whole((errors) => checkHost("host", host, "", errors) ? host : undefined);
}

/**
 * The resolver in a path, percent-decoded.
 *
 * @throws {Problem} 400
 */
export function parseResolverParameter(name: string): string {
  return whole((errors) => checkName("resolver", name, "", errors) ? name : undefined);
}

function checkAdvice(value: unknown, at: string, errors: FieldError[]): AdviceBody | undefined {
  const body = checked(adviceBody, value, at, errors);
  if (body === undefined) return undefined;
  const { host, role } = body;
  if (role !== undefined && !checkName("role", role, at, errors)) return undefined;
  return checkHost("host", host, at, errors) ? { ...body, host: hostKey(host) } : undefined;
}

function checkUndone(value: unknown, at: string, errors: FieldError[]): string | undefined {
  if (typeof value === "string" && isHost(value)) return hostKey(value);
  errors.push({ field: at, found: found(value), message: EXPECTED["host"]! });
  return undefined;
}
