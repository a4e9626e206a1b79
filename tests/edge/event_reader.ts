/**
 * Reads server-sent events, as a browser does.
 *
 * @module
 */

/** An event as it came; a comment or a hint has no data. */
export interface ReadEvent {
  id?: string;
  event?: string;
  // deno-lint-ignore no-explicit-any -- tests look into whatever JSON came back
  data?: any;
  retry?: string;
  comment?: string;
}

/** Reads one stream, event by event. */
export class EventStreamReader implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(response: Response) {
    if (response.body === null) throw new Error("The answer has no body");
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next block; undefined where the stream has ended. */
  async block(): Promise<ReadEvent | undefined> {
    let end: number;
    while ((end = this.#text.indexOf("\n\n")) === -1) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
    const block = readBlock(this.#text.slice(0, end));
    this.#text = this.#text.slice(end + 2);
    return block;
  }

  /** The next event; comments and hints are passed over. Undefined where the stream has ended. */
  async next(): Promise<ReadEvent | undefined> {
    for (;;) {
      const block = await this.block();
      if (block === undefined || block.data !== undefined) return block;
    }
  }

  /** So many events, by type and key. */
  async words(count: number): Promise<string[]> {
    const words: string[] = [];
    while (words.length < count) {
      const event = await this.next();
      if (event === undefined) break;
      words.push(`${event.event} ${event.data.key ?? ""}`.trim());
    }
    return words;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel().catch(() => {}); // a stream that broke off is over too
  }
}

function readBlock(text: string): ReadEvent {
  const block: ReadEvent = {};
  for (const line of text.split("\n")) {
    const [, field, value] = /^([a-z]*):? ?(.*)$/.exec(line) ?? [];
    if (field === "") block.comment = value;
    else if (field === "data") block.data = JSON.parse(value!);
    else if (field === "id" || field === "event" || field === "retry") block[field] = value;
    else throw new Error(`Not a line of an event: ${line}`);
  }
  return block;
}
