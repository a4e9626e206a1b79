/**
 * What the event log says of policies, found out in a thread of its own: to read and replay a log takes seconds,
 * and a server that stood still for so long would hold up every crawler. What runs there is `log_worker.ts`.
 *
 * @module
 */
import type { Evidence } from "../tuning/evidence.ts";
import type { JudgeAnswer, JudgeQuestion } from "./log_worker.ts";

/** What somebody waits for. */
type Waiting = PromiseWithResolvers<Awaited<ReturnType<Evidence>>>;

/** See the module's description. The thread begins with the first question. */
export class LogJudge {
  readonly #path: string;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker | undefined;
  #count = 0;
  #closed = false;

  /** For an SQLite event log. */
  constructor(path: string) {
    this.#path = path;
  }

  /** The log as it stands when it is asked: rows of the last second may be missing. */
  readonly evidence: Evidence = async (host, policies, now) => {
    if (this.#closed) throw new Error("the server is stopping");
    const worker = this.#worker ??= this.#start();
    const id = this.#count++;
    const waiting: Waiting = Promise.withResolvers();
    this.#waiting.set(id, waiting);
    const question: JudgeQuestion = { id, path: this.#path, host, policies, now };
    worker.postMessage(question);
    return await waiting.promise;
  };

  /** Ends the thread; whoever waits is told. */
  close(): void {
    this.#closed = true;
    this.#end("the server is stopping");
  }

  #start(): Worker {
    const worker = new Worker(new URL("./log_worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = ({ data }: MessageEvent<JudgeAnswer>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.problem === undefined) waiting?.resolve(data.figures);
      else waiting?.reject(new Error(data.problem));
    };
    worker.onerror = (event) => {
      event.preventDefault(); // it would end the server
      this.#end(event.message);
    };
    return worker;
  }

  /** The next question begins another thread. */
  #end(reason: string): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(new Error(reason));
    this.#waiting.clear();
  }
}
