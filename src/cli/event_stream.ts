/**
 * Server-sent events as they are read (WHATWG HTML section 9.2.6): only the fields that the edge API writes.
 *
 * @module
 */

/** One event. */
interface StreamedEvent {
  id?: string;
  /** Its data, lines joined. */
  data: string;
}

/** The events of an answer, until it ends. Comments and events without data are passed over. */
export async function* readEventStream(response: Response): AsyncIterable<StreamedEvent> {
  let rest = "";
  let id: string | undefined;
  let data: string[] = [];
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const [, field, value = ""] = /^([a-z]+):? ?(.*)$/.exec(line) ?? [];
      if (field === "id") id = value;
      else if (field === "data") data.push(value);
      else if (line === "") {
        if (data.length > 0) yield { id, data: data.join("\n") };
        [id, data] = [undefined, []];
      }
    }
  }
}
