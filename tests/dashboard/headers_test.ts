/**
 * What browsers are told with the page and its answers: what to run, and to keep nothing.
 *
 * @module
 */
import { assertEquals, assertNotMatch } from "@std/assert";
import { createEdge } from "../edge/calls.ts";
import { guardedEdge, sessionOf } from "./log_in.ts";
import { TOKENS } from "./served_app.ts";

Deno.test("the page allows no script or style but its own files, and no frame around it", async () => {
  for (const app of [createEdge().app, guardedEdge().app]) {
    const response = await app.request("/");
    const policy = response.headers.get("content-security-policy")!;
    assertEquals(policy.split("; "), [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "connect-src 'self'",
      "img-src 'self' data:",
      "base-uri 'none'",
      "form-action 'self'",
      "frame-ancestors 'none'",
    ]);
    const html = await response.text();
    assertNotMatch(html, /\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|<style/);
    // Sent without the script, a form with names would put the token into the address.
    assertNotMatch(html, /<input[^>]*\sid="(token|name)"[^>]*\sname=/);
  }
});

Deno.test("what a session is answered is kept by no cache, refusals too", async () => {
  const { app } = guardedEdge();
  const session = await sessionOf(app, TOKENS.read[0]!);
  const paths = [
    "/",
    "/v1/breakers/example.org",
    "/session",
    "/v1/status",
    "/v1/trouble",
    "/v1/history",
    "/metrics",
  ];
  for (const headers of [session, {}] as Record<string, string>[]) {
    for (const path of paths) {
      const response = await app.request(path, { headers });
      await response.body?.cancel();
      assertEquals(response.headers.get("cache-control"), "no-store", path);
      assertEquals(response.headers.get("x-content-type-options"), "nosniff", path);
    }
  }
});
