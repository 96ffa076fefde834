import type { GocdConsole } from "./execute-task.ts";

/** A request of GoCD's task extension. */
export interface GocdRequest {
  /** configuration, validate, view or execute. */
  request: string;
  /** Of the task extension; by default "1.0", which is the only one. */
  version?: string | undefined;
  /** As GoCD sends it, parsed. For execute also `maskedVariables`, a list of names. */
  body?: unknown;
}

/** What `execute` needs beside the request. */
export interface GocdHandleOptions {
  /** Cancels the task. */
  signal?: AbortSignal | undefined;
  /** Takes the task's output. By default it is thrown away. */
  console?: GocdConsole | undefined;
}

/** Answers a request. */
export type Handle = (request: GocdRequest, options: GocdHandleOptions) => Promise<object>;
