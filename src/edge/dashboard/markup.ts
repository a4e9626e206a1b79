/**
 * Small parts of the page that stand in several of its places: shapes of states, links to hosts.
 *
 * @module
 */
import { html, raw } from "hono/html";
import { hashOf, type TargetName } from "./client/target.ts";

/** A part of a page. Whatever comes from elsewhere is escaped. */
export type Markup = ReturnType<typeof html>;

/** The shapes, drawn once: all others refer to them. */
export const SHAPES = raw(`<svg class="sr" aria-hidden="true" focusable="false">
<symbol id="shape-open" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M5 0h6l5 5v6l-5 5H5l-5-5V5zM3.5 6.5v3h9v-3z"/></symbol>
<symbol id="shape-half_open" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0zm0 2a6 6 0 0 1 0 12z"/></symbol>
<symbol id="shape-failing" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 .6 16 15H0zM7 6v4.5h2V6zm0 5.5v2h2v-2z"/></symbol>
<symbol id="shape-closed" viewBox="0 0 16 16"><path fill-rule="evenodd" d="M8 0a8 8 0 1 1 0 16A8 8 0 0 1 8 0zM3.4 8.4l3.4 3.3 5.9-6-1.5-1.4-4.4 4.5-1.9-1.9z"/></symbol>
</svg>`);

/** The shape of a state, for those who do not see colours. */
export function shape(state: string): Markup {
  return html`
    <svg class="shape ${state}" viewBox="0 0 16 16" aria-hidden="true">
      <use href="#shape-${state}"></use>
    </svg>
  `;
}

/** A link to all that is known of a host or resolver. */
export function hostLink(target: TargetName, text = target.key): Markup {
  return html`<a href="${hashOf(target)}">${text}</a>`;
}
