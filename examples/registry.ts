/**
 * A registry without `fetch`: ask before, tell afterwards, look, and act as an operator. No network:
 * `deno run examples/registry.ts`
 *
 * @module
 */
// deno-lint-ignore-file no-console -- an example speaks to whoever runs it
import { BreakerRegistry } from "@breakwater/breakwater";

await using registry = new BreakerRegistry({
  config: {
    defaults: { failMax: 3 },
    hosts: { "api.example.org": { roles: { metadata: { failMax: 2 } } } },
  },
});
registry.onEvent((event) => {
  if (event.type !== "transition") return;
  const whose = event.role === undefined ? event.key : `${event.key}, role ${event.role}`;
  console.log(`${whose}: ${event.from} -> ${event.to} (${event.reason})`);
});

// Two failures open the role's own breaker; the host's other requests still go out.
const request = { url: "https://api.example.org/works/1", role: "metadata" };
for (let i = 0; i < 3; i++) {
  const verdict = await registry.allow(request);
  if (verdict.allowed) await registry.record(verdict.permit, { status: 503, latencyMs: 40 });
  else console.log(`denied: ${verdict.reason}, ask again in ${verdict.retryAfterMs} ms`);
}
console.log(`another role: ${(await registry.allow({ host: "api.example.org" })).allowed}`);

// A Retry-After closes the whole host to everybody until it is over.
const verdict = await registry.allow({ host: "files.example.org" });
if (verdict.allowed) await registry.record(verdict.permit, { status: 429, retryAfter: "120" });

for await (const { key, state, reason, roles } of registry.list()) {
  const ofRoles = Object.entries(roles).map(([role, view]) => `, role ${role} ${view.state}`);
  console.log(`in trouble: ${key} ${state}${reason ? ` (${reason})` : ""}${ofRoles.join("")}`);
}

// An operator knows better.
await registry.close("files.example.org");
console.log(`after close: ${(await registry.inspect("files.example.org")).state}`);
