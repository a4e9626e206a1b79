/**
 * The page's script as text, made of the functions and classes in `client/`: the runtime hands out their source, so that
 * nothing is built and no file is read. Whatever a file there declares it must export, under a name that no other has.
 *
 * @module
 */
import * as adviceList from "./client/advice_list.ts";
import * as ask from "./client/ask.ts";
import * as detail from "./client/detail.ts";
import * as dialogs from "./client/dialogs.ts";
import * as dom from "./client/dom.ts";
import * as eventList from "./client/event_list.ts";
import * as facts from "./client/facts.ts";
import * as format from "./client/format.ts";
import * as headline from "./client/headline.ts";
import * as hostList from "./client/host_list.ts";
import * as live from "./client/live.ts";
import * as nowPanel from "./client/now_panel.ts";
import * as question from "./client/question.ts";
import * as rows from "./client/rows.ts";
import * as start from "./client/start.ts";
import * as target from "./client/target.ts";
import * as timeline from "./client/timeline.ts";

/** Every file of `client/`. */
const PARTS = [
  format,
  facts,
  target,
  rows,
  headline,
  ask,
  dom,
  question,
  hostList,
  nowPanel,
  timeline,
  dialogs,
  eventList,
  adviceList,
  detail,
  live,
  start,
];

/** The script. The same each time. */
export function dashboardScript(): string {
  const declarations = PARTS.flatMap((part) => Object.entries<unknown>(part)).map(declaration);
  // Bundlers that keep names wrap functions in a call of this.
  const keptNames = "const __name = (named) => named;";
  return ['"use strict";', keptNames, ...declarations, "start();", ""].join("\n");
}

function declaration([name, value]: [string, unknown]): string {
  return typeof value === "function" ? String(value) : `const ${name} = ${JSON.stringify(value)};`;
}
