/**
 * Making elements and changing them. Whatever is shown is set as text, never as markup.
 *
 * @module
 */
import type { RowState } from "./rows.ts";
import { hashOf, type TargetName } from "./target.ts";

/** Attributes by name; `true` sets one without a value, `undefined` and `false` none. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** What an element holds. */
export type Child = Node | string | undefined;

/** An element with its attributes and what it holds. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  setAttributes(made, attributes);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** The same of SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  setAttributes(made, attributes);
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

/** Sets those that have a value. */
export function setAttributes(element: Element, attributes: Attributes): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
}

/** A button that does something. */
export function button(
  text: string,
  act: () => void,
  attributes: Attributes = {},
): HTMLButtonElement {
  const made = el("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", act);
  return made;
}

/** A link to all that is known of a host or resolver. */
export function hostLink(target: TargetName, text = target.key): HTMLAnchorElement {
  return el("a", { href: hashOf(target) }, text);
}

/** The shape of a state, for those who do not see colours; its word stands beside it. */
export function shape(state: RowState): SVGSVGElement {
  return svg(
    "svg",
    { class: `shape ${state}`, viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("use", { href: `#shape-${state}` }),
  );
}

/** An element of the page by its id. */
export function byId<T extends Element = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`The page has no element #${id}`);
  return found as Element as T; // safe: whoever asks knows the page's own markup
}

/** Sets a text, where it is another: what does not change is not drawn again. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Remembers what has the focus. What it gives puts it back where that was drawn anew meanwhile: on the like of it or,
 * where there is none any more, on the heading of the panel.
 */
export function keepFocus(): () => void {
  const held = document.activeElement;
  const place = held?.closest("[id]");
  if (!held || !place) return () => {};
  const stops = () => [...place.querySelectorAll<HTMLElement>("a, button, summary, [tabindex]")];
  const at = stops().findIndex((stop) => stop === held);
  return () => {
    if (held.isConnected) return;
    const now = stops();
    const alike = [now[at], ...now].find((stop) => stop?.textContent === held.textContent);
    const next = alike ?? place.closest("aside")?.querySelector<HTMLElement>("h2");
    next?.focus({ preventScroll: true });
  };
}

/** Draws anew what an element holds; the focus, and what was unfolded, stay as they are. */
export function renew(place: Element, ...children: Child[]): void {
  const putBack = keepFocus();
  const isUnfolded = place.querySelector("details")?.open === true;
  place.replaceChildren(...children.filter((child) => child !== undefined));
  place.querySelector("details")?.toggleAttribute("open", isUnfolded);
  putBack();
}

/** Tells what was done, for everybody: also those who listen. */
export function toast(text: string): void {
  const place = byId("toast");
  place.textContent = text;
  place.classList.add("shown");
  const hide = () => place.classList.remove("shown");
  clearTimeout(Number(place.dataset["timer"] ?? 0));
  place.dataset["timer"] = String(setTimeout(hide, 6_000));
}
