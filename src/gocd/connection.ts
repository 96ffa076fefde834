import type { Readable, Writable } from "node:stream";

import type { Handle } from "./request.ts";
import { RequestLines, type RequestLine } from "./request-lines.ts";
import { Session } from "./session.ts";

/** How long a client that does not read is waited for when the worker closes. */
const STUCK_MS = 1000;

/** A client of a worker. */
export interface GocdConnection {
  input: Readable;
  /** The same stream as the input, for a socket. */
  output: Writable;
  /** What the end of the input means: that the client has gone, or that it has no more to ask. */
  atEnd: "cancel" | "finish";
}

/** Takes a client's lines until its end, or until the signal fires. The stream stays open, for it may be the output too. */
function readLines(input: Readable, session: Session, over: AbortSignal): Promise<void> {
  const lines = new RequestLines();
  const accept = (some: Iterable<RequestLine>): void => {
    for (const line of some) session.accept(line);
    if (session.hasRoom) return;
    input.pause();
    void session.room().then(() => input.resume());
  };
  return new Promise((resolve) => {
    const onData = (chunk: Buffer): void => accept(lines.add(chunk));
    const stop = (): void => {
      input.off("data", onData).off("close", stop).pause();
      over.removeEventListener("abort", stop);
      resolve();
    };
    over.addEventListener("abort", stop);
    // One that fails closes, too, and that is its end.
    input.on("error", () => undefined).once("close", stop);
    input.once("end", () => {
      accept(lines.end());
      stop();
    });
    if (over.aborted || input.closed) stop();
    else input.on("data", onData);
  });
}

/** Ends a stream and waits until all is taken; after the signal has fired, not for ever. */
function flush(output: Writable, over: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    const finish = (): void => {
      clearTimeout(timer);
      over.removeEventListener("abort", giveUp);
      output.destroy();
      resolve();
    };
    const giveUp = (): void => {
      timer = setTimeout(finish, STUCK_MS);
    };
    if (over.aborted) giveUp();
    else over.addEventListener("abort", giveUp);
    output.once("close", finish).end(finish);
  });
}

/**
 * Serves a client until it has gone, or has ended its input and got all of its answers.
 *
 * @param over No more is read then, and a client that does not read is not waited for.
 */
export async function serve(handle: Handle, connection: GocdConnection, over: AbortSignal): Promise<void> {
  const { input, output, atEnd } = connection;
  const session = new Session(handle, input, output);
  await readLines(input, session, over);
  if (atEnd === "cancel" || session.isGone) session.cancelAll();
  await session.allAnswered();
  await flush(output, over);
}
