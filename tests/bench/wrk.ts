/**
 * `wrk`, the load generator: one load on one server, and what came of it.
 *
 * @module
 */

/** How to get the program where it is missing. */
export const WRK_HINT = "apt-get install wrk, or brew install wrk";

/** What is sent again and again. */
export interface Load {
  path: string;
  /** JSON texts, sent turn by turn; the `#` in one of several becomes the number of the request in ten digits. */
  bodies: readonly [string, ...string[]];
}

/** What came of a load. */
export interface Loaded {
  requests: number;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** Answers that are no 2xx or 3xx, and requests that got none. */
  errors: number;
}

/** Whether there is a `wrk`. */
export async function hasWrk(): Promise<boolean> {
  try {
    await new Deno.Command("wrk", { args: ["-v"], stdout: "null", stderr: "null" }).output();
    return true;
  } catch {
    return false;
  }
}

/** Sends it over and over from one thread. */
export async function sendLoad(
  url: string,
  load: Load,
  { seconds, connections }: { seconds: number; connections: number },
): Promise<Loaded> {
  const script = await Deno.makeTempFile({ suffix: ".lua" });
  try {
    await Deno.writeTextFile(script, scriptOf(new URL(load.path, url), load));
    const { success, stdout, stderr } = await new Deno.Command("wrk", {
      args: [
        "-t1",
        `-c${connections}`,
        `-d${seconds}s`,
        "-s",
        script,
        new URL(load.path, url).href,
      ],
    }).output();
    const said = new TextDecoder().decode(stdout);
    const line = said.split("\n").find((line) => line.startsWith("{"));
    if (success && line !== undefined) return JSON.parse(line);
    throw new Error(`wrk failed: ${said}${new TextDecoder().decode(stderr)}`);
  } finally {
    await Deno.remove(script);
  }
}

/** Answers in microseconds, written out as one line of JSON. */
const DONE = `
done = function(summary, latency)
  local e = summary.errors
  print(string.format(
    '{"requests":%d,"perSecond":%f,"p50Ms":%f,"p99Ms":%f,"errors":%d}',
    summary.requests, summary.requests / summary.duration * 1e6,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    e.connect + e.read + e.write + e.status + e.timeout))
end
`;

function scriptOf({ host, pathname }: URL, { bodies }: Load): string {
  const [body, ...others] = bodies;
  if (others.length === 0) {
    return `wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [==[${body}]==]
${DONE}`;
  }
  const parts = bodies.map((body) => {
    const [before, after] = body.split("#");
    // Put together by hand, since wrk's own way of doing it would be what is measured.
    const head = `POST ${pathname} HTTP/1.1\\r\\nHost: ${host}\\r\\n` +
      `Content-Type: application/json\\r\\nContent-Length: ${body.length - 1 + 10}\\r\\n\\r\\n`;
    return `{ "${head}" .. [==[${before}]==], [==[${after}]==] }`;
  });
  return `local parts = { ${parts.join(",\n")} }
local number = 0
request = function()
  number = number + 1
  local part = parts[number % #parts + 1]
  return part[1] .. string.format("%010d", number) .. part[2]
end
${DONE}`;
}
