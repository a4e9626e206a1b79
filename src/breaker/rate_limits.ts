/**
 * The text of limits, `10/s,1000/h`, and what it says. How requests are held to them is pacing's.
 *
 * @module
 */

/** At most so many requests within any stretch of so long. */
export interface RateLimit {
  /** Requests. */
  count: number;
  /** Length of the stretch, in milliseconds. */
  periodMs: number;
}

/** The role that stands for all requests of a host together. */
export const EVERY_ROLE = "*";

/** What the text must look like, in words. */
export const LIMITS_EXPECTED = "limits such as 10/s, 1/3s or 10/s,1000/h (units s, m, h, d)";

const LIMIT = String.raw`[1-9]\d{0,6}\/(?:[1-9]\d{0,5})?[smhd]`;
/** The shape of the text. */
export const LIMITS_PATTERN = new RegExp(String.raw`^\s*${LIMIT}\s*(?:,\s*${LIMIT}\s*)*$`);

const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
/** The longest stretch: a year, as for every duration of a policy. */
const LONGEST_PERIOD_MS = 365 * 86_400_000;
const MAX_LIMITS = 8;

/**
 * The limits that a text names, the shortest stretch first.
 *
 * @throws {RangeError} saying what was found, and what is allowed
 */
export function parseLimits(text: string): RateLimit[] {
  const wrong = limitsProblem(text);
  if (wrong !== undefined) throw new RangeError(`A rate ${wrong}: current value is ${shown(text)}`);
  return readLimits(text);
}

/** What is wrong with the text of limits, in words; undefined where nothing is. */
export function limitsProblem(text: unknown): string | undefined {
  if (typeof text !== "string" || !LIMITS_PATTERN.test(text)) return `must be ${LIMITS_EXPECTED}`;
  const limits = readLimits(text);
  if (limits.length > MAX_LIMITS) {
    return `must name at most ${MAX_LIMITS} limits, and names ${limits.length}`;
  }
  if (limits.some(({ periodMs }) => periodMs > LONGEST_PERIOD_MS)) {
    return "must name no time longer than 365d";
  }
  const twice = limits.find(({ periodMs }, at) => limits[at - 1]?.periodMs === periodMs);
  if (twice === undefined) return undefined;
  return `must name each time once, and names ${twice.periodMs / 1_000} s twice`;
}

function readLimits(text: string): RateLimit[] {
  return text.split(",").map((limit) => {
    const [count, per = ""] = limit.trim().split("/");
    const times = per.slice(0, -1);
    const unitMs = UNITS_MS[per.slice(-1)]!; // the pattern knows no other
    return { count: Number(count), periodMs: (times === "" ? 1 : Number(times)) * unitMs };
  }).sort((a, b) => a.periodMs - b.periodMs);
}

function shown(text: unknown): string {
  return typeof text === "string" ? `'${text.slice(0, 80)}'` : String(text);
}
