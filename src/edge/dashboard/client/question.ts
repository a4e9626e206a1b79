/**
 * A question before a change, in a dialog: what will happen, in words that follow what is chosen, and what came of it.
 *
 * @module
 */
import { problemWords } from "./ask.ts";
import { button, el, keepFocus, toast } from "./dom.ts";

/** A question before a change. */
export interface Question {
  title: string;
  /** What will happen; asked again whenever something is chosen. */
  words: () => string;
  /** What the button says that does it. */
  verb: string;
  fields?: HTMLElement[];
  /** Does it, and says what came of it. */
  act: () => Promise<string>;
}

/** Shows a question; resolves once it is answered, with whether it was done. */
export function confirmed({ title, words, verb, fields = [], act }: Question): Promise<boolean> {
  const said = el("p", { class: "words", id: "dialog-words", role: "status" }, words());
  const problem = el("p", { class: "problem", role: "alert" });
  const yes = el("button", { type: "submit", class: "primary" }, verb);
  const dialog = el("dialog", {
    "aria-labelledby": "dialog-title",
    "aria-describedby": "dialog-words",
  });
  const no = button("Cancel", () => dialog.close());
  const form = el(
    "form",
    { method: "dialog" },
    el("h2", { id: "dialog-title" }, title),
    ...fields,
    said,
    problem,
    el("div", { class: "buttons" }, no, yes),
  );
  form.addEventListener("input", () => said.textContent = words());
  dialog.append(form);
  document.body.append(dialog);
  let isDone = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (yes.disabled) return;
    yes.disabled = true;
    problem.textContent = "";
    act().then((result) => {
      isDone = true;
      dialog.close();
      toast(result);
    }, (error) => {
      yes.disabled = false;
      problem.textContent = problemWords(error);
    });
  });
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      // What was changed may have been drawn anew while the question stood: a browser does not find its way back then.
      putBack();
      resolve(isDone);
    });
    const putBack = keepFocus();
    dialog.showModal();
  });
}

/** A field with its name above it. */
export function field(name: string, input: HTMLElement): HTMLElement {
  return el("label", { class: "field" }, el("span", {}, name), input);
}

/** Asks for a reason, which is kept with the change. */
export function reasonField(): { element: HTMLElement; words: () => string } {
  const input = el("input", { type: "text", maxlength: 256, autocomplete: "off" });
  return {
    element: field("Why, for whoever looks later", input),
    words: () => input.value.trim(),
  };
}
