/**
 * `breakwater serve`: the edge API with every flag of the configuration, as the task starts it.
 *
 * @module
 */
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { temporaryFolder } from "../support/temporary_folder.ts";
import { breakwater, commandLine, environment } from "./cli_process.ts";

interface Serving extends AsyncDisposable {
  url: string;
  /** Ends it by a signal, and resolves to its exit code. */
  end(signal: Deno.Signal): Promise<number>;
}

async function serving(args: string[], env: Record<string, string> = {}): Promise<Serving> {
  const [program, ...rest] = commandLine(["serve", ...args]);
  const child = new Deno.Command(program!, {
    args: rest,
    env: environment(env),
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let said = "";
  const found = Promise.withResolvers<string>();
  const reading = (async () => {
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      said += text;
      const url = /Listening on (http:\S+)\n/.exec(said)?.[1];
      if (url !== undefined) found.resolve(url);
    }
    found.reject(new Error(`It ended: ${said}`));
  })();
  found.promise.catch(() => {}); // where it was resolved, the end is no failure
  const end = async (signal: Deno.Signal) => {
    try {
      child.kill(signal);
    } catch {
      // It has ended already.
    }
    const [{ code }] = await Promise.all([child.status, reading]);
    return code;
  };
  try {
    return {
      url: await found.promise,
      end,
      [Symbol.asyncDispose]: async () => void await end("SIGKILL"),
    };
  } catch (error) {
    await end("SIGKILL");
    throw error;
  }
}

Deno.test("serve takes every flag of the configuration, an address and a port, and ends by a signal", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/b.yaml`, "defaults: { probe_lease_s: 7 }\n");
  await using server = await serving([
    ...["--breaker-config", `${folder.path}/b.yaml`],
    ...["--breaker-defaults", "fail_max:9,reset:61"],
    ...["--breaker", "api.example.org=trial_calls:3"],
    ...["--breaker-role", "api.example.org:metadata=fail_max:2"],
    ...["--breaker-resolver", "crossref=fail_max:3"],
    ...["--breaker-classify", "neutral=404,410"],
    ...["--breaker-rolling", "enabled:true,window:30,thresh:6,cooldown:60"],
    ...["--store", `sqlite:${folder.path}/b.sqlite`, "--mode", "observe", "--debug"],
    ...["--host", "127.0.0.1", "--port=0"],
  ], { PORT: "1", HOST: "192.0.2.1" });
  const { policy, sources } = await (await fetch(`${server.url}/v1/policies/api.example.org`))
    .json();
  assertEquals(
    [policy.fail_max, policy.reset_timeout_s, policy.trial_calls, policy.probe_lease_s],
    [9, 61, 3, 7],
  );
  assertEquals([policy.roles.metadata.fail_max, policy.rolling.enabled], [2, true]);
  assertEquals(policy.classify.neutral_statuses, [404, 410]);
  assertEquals([sources.fail_max, sources.probe_lease_s], ["flags", "file"]);
  const { mode } = await (await fetch(`${server.url}/v1/mode`)).json();
  assertEquals(mode, "observe");
  const shown = await breakwater(["show", "--url", server.url]);
  assertEquals(shown.code, 0, shown.err);
  assertEquals(await server.end("SIGTERM"), 0);
});

Deno.test("serve refuses what it cannot start with, in words and with code 1", async () => {
  const open = await breakwater(["serve", "--host", "0.0.0.0", "--port", "0"]);
  assertEquals(open.code, 1);
  assertStringIncludes(open.err, "Refusing to listen on 0.0.0.0 without tokens");
  const port = await breakwater(["serve"], { env: { PORT: "http" } });
  assertEquals(port.code, 1);
  assertMatch(port.err, /PORT must be a whole number/);
  const config = await breakwater(["serve", "--breaker-config", "/no/such/file.yaml"]);
  assertEquals(config.code, 1);
  assertStringIncludes(config.err, "/no/such/file.yaml");
});
