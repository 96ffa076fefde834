import { degradation } from "../backend/index.ts";
import { connect, CONNECT_OPTION_TYPES, type ConnectOptions } from "../connect.ts";
import { chooseContainer } from "../discovery/index.ts";
import { ExecutorError, invalidOption, isObject, refuseMisspelt, requireTypes } from "../errors/index.ts";
import type { Guest } from "../guest.ts";
import { waitForReady, type ReadyOptions } from "../ready.ts";
import { currentDirectory } from "../system/index.ts";
import { serve, type GocdConnection } from "./connection.ts";
import { readExecuteMessage } from "./execute-message.ts";
import { executeTask, type GocdConsole, type GocdTaskAnswer } from "./execute-task.ts";
import type { GocdHandleOptions, GocdRequest, Handle } from "./request.ts";
import { configuration, invalidRequest, validate } from "./task-fields.ts";
import { view } from "./task-view.ts";

/** The version of GoCD's task extension whose messages these are. */
const VERSION = "1.0";

/** Which container a worker runs tasks in where a task names none, and how. */
export interface GocdWorkerOptions extends ConnectOptions {
  /** Milliseconds to wait for a task's container to be there; by default it must be. */
  wait?: number | undefined;
  /** With `wait`: what must succeed in it first, as for waitForReady. */
  probe?: ReadyOptions["probe"];
  /** Names of variables whose values are masked wherever a job has them. */
  maskedVariables?: readonly string[] | undefined;
  /** Milliseconds after which a task is ended; 0 or undefined: never. */
  timeout?: number | undefined;
  /** Milliseconds from the polite signal to SIGKILL, when a task is ended; by default 5,000. */
  forceKillAfterDelay?: number | undefined;
}

/** What becomes of running tasks when a worker closes: they are waited for, ended politely, or killed. */
export type GocdClosing = "drain" | "cancel" | "kill";

/** What a client sent, for a message. */
function shorten(text: unknown): string {
  return JSON.stringify(typeof text === "string" ? text.slice(0, 100) : text) ?? "undefined";
}

/** A task under way. */
interface Running {
  ended: Promise<unknown>;
  cancel: AbortController;
  kill: AbortController;
}

/** A guest, by the name that tasks have for its container. */
interface Connecting {
  container: string;
  guest: Promise<Guest>;
}

/** Whether a name, or none, still means the container of this guest. */
function isStillMeant(guest: Guest, container: string | undefined): boolean {
  if (!guest.isAlive) return false;
  try {
    const { pid, startTime } = chooseContainer(container);
    return pid === guest.target.pid && startTime === guest.target.startTime;
  } catch (error) {
    // Connecting anew says what is wrong, or waits for it.
    if (error instanceof ExecutorError) return false;
    throw error;
  }
}

/** A task that is cancelled does not wait for its container; others may. */
async function unlessAborted<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
  const over = new AbortController();
  try {
    const aborted = new Promise<undefined>((resolve) => {
      if (signal.aborted) resolve(undefined);
      signal.addEventListener("abort", () => resolve(undefined), over);
    });
    return await Promise.race([promise, aborted]);
  } finally {
    over.abort();
  }
}

/** Answers the requests of GoCD's task extension, made by {@link createGocdWorker}. */
export class GocdWorker implements AsyncDisposable {
  readonly #options: GocdWorkerOptions;
  readonly #running = new Set<Running>();
  readonly #connections = new Set<Promise<void>>();
  /** By the name that tasks have for them; "" is the worker's own choice. */
  readonly #guests = new Map<string, Promise<Guest>>();
  readonly #over = new AbortController();
  #isClosed = false;

  /** @internal Use createGocdWorker. */
  constructor(options: GocdWorkerOptions) {
    this.#options = options;
  }

  /**
   * Answers one request.
   *
   * @returns For `configuration` the fields, for `validate` `{ errors }`, for `view` `{ displayValue, template }`, for
   *   `execute` `{ success, message }`: also where the container could not be entered, and then the message says why.
   * @throws ExecutorError INVALID_REQUEST, UNKNOWN_REQUEST, UNSUPPORTED_VERSION or WORKER_CLOSED; and what
   *   `options.console` throws.
   * @example
   * ```ts
   * import { createGocdWorker } from "k8s-executor";
   * await using worker = createGocdWorker({ container: "maven" });
   * const body = { config: { script: { value: "echo hello" } }, context: {} };
   * const answer = await worker.handle({ request: "execute", body }, { console: (lines) => console.log(lines) });
   * console.log(answer); // { success: true, message: 'the script ended with exit status 0' }
   * ```
   */
  async handle(request: GocdRequest, options: GocdHandleOptions = {}): Promise<object> {
    if (!isObject(request)) throw invalidRequest("the request is no object", "give one");
    const { request: name, version = VERSION, body } = request;
    if (version !== VERSION) {
      throw new ExecutorError("UNSUPPORTED_VERSION", {
        problem: `version ${shorten(version)} of the task extension is unknown`,
        remedy: `send messages of version ${VERSION}`,
      });
    }
    if (name === "configuration") return configuration();
    if (name === "view") return view();
    if (name === "validate") return validate(body);
    if (name === "execute") return this.#execute(body, options);
    throw new ExecutorError("UNKNOWN_REQUEST", {
      problem: `the request ${shorten(name)} is unknown`,
      remedy: "send configuration, validate, view or execute",
    });
  }

  /**
   * Serves one client: a JSON object in a line each way, as docs/worker-protocol.md says.
   *
   * @returns A promise that resolves when the client has gone, or has ended its input and got all of its answers.
   */
  serve(connection: GocdConnection): Promise<void> {
    const handle: Handle = (request, options) => this.handle(request, options);
    const served = serve(handle, connection, this.#over.signal).finally(() => this.#connections.delete(served));
    this.#connections.add(served);
    return served;
  }

  /**
   * Takes no more tasks, waits for those that run, and ends the connections. Call it again with a harder word where that
   * takes too long.
   *
   * @param running What becomes of running tasks; by default they are cancelled.
   */
  async close(running: GocdClosing = "cancel"): Promise<void> {
    this.#isClosed = true;
    for (const { cancel, kill } of this.#running) {
      if (running !== "drain") cancel.abort();
      if (running === "kill") kill.abort();
    }
    await Promise.allSettled([...this.#running].map(({ ended }) => ended));
    this.#over.abort();
    await Promise.allSettled(this.#connections);
    for (const [container, guest] of this.#guests) this.#disconnect({ container, guest });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #execute(body: unknown, { signal, console = () => undefined }: GocdHandleOptions): Promise<GocdTaskAnswer> {
    if (this.#isClosed) {
      throw new ExecutorError("WORKER_CLOSED", { problem: "the worker is shutting down", remedy: "start another one" });
    }
    const running = { ended: Promise.resolve(), cancel: new AbortController(), kill: new AbortController() };
    const cancel = (): void => running.cancel.abort();
    if (signal?.aborted) cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    const answer = this.#run(body, console, running);
    running.ended = answer.then(
      () => undefined,
      () => undefined,
    );
    this.#running.add(running);
    return answer.finally(() => {
      this.#running.delete(running);
      signal?.removeEventListener("abort", cancel);
    });
  }

  /** A failure of ours is an answer, too: GoCD shows its message. */
  async #run(body: unknown, console: GocdConsole, { cancel, kill }: Running): Promise<GocdTaskAnswer> {
    const { sharedRoot, maskedVariables = [], timeout, forceKillAfterDelay } = this.#options;
    let connecting: Connecting | undefined;
    try {
      const task = readExecuteMessage(body, { sharedRoot, startedIn: currentDirectory() ?? "/" }, maskedVariables);
      const control = {
        console,
        cancel: cancel.signal,
        kill: kill.signal,
        timeout,
        forceKillAfterDelay,
        maskedVariables,
      };
      connecting = { container: task.container, guest: this.#connect(task.container) };
      const guest = await unlessAborted(connecting.guest, cancel.signal);
      if (!guest) return { success: false, message: "the script was cancelled" };
      const degraded = degradation(this.#options.backend, guest);
      return await executeTask(guest, task, { ...control, warnings: degraded === undefined ? [] : [degraded] });
    } catch (error) {
      if (!(error instanceof ExecutorError) || error.code === "INVALID_REQUEST") throw error;
      // A container that was restarted has another main process.
      if (error.code === "CONTAINER_GONE" && connecting) this.#disconnect(connecting);
      return { success: false, message: error.message };
    }
  }

  /**
   * Connects at a container's first task, for then it must be there, and again after it was gone. What a name means is asked for
   * each task: another container may have claimed it, or the true one be back.
   */
  #connect(container: string): Promise<Guest> {
    const { wait, probe, ...ours } = this.#options;
    const options = container === "" ? ours : { ...ours, pid: undefined, container };
    const known = this.#guests.get(container);
    const guest = (known ?? Promise.resolve(undefined)).then(async (connected) => {
      const isMeant = options.pid === undefined ? isStillMeant : (of: Guest) => of.isAlive;
      if (connected && isMeant(connected, options.container)) return connected;
      // Steps under way in it go on.
      connected?.close();
      const signal = this.#over.signal;
      return wait === undefined ? connect(options) : waitForReady({ ...options, timeout: wait, probe, signal });
    });
    this.#guests.set(container, guest);
    guest.catch(() => this.#forget({ container, guest }));
    return guest;
  }

  #forget({ container, guest }: Connecting): void {
    if (this.#guests.get(container) === guest) this.#guests.delete(container);
  }

  #disconnect(connecting: Connecting): void {
    this.#forget(connecting);
    // What could not be connected needs no closing.
    connecting.guest.then(
      (connected) => connected.close(),
      () => undefined,
    );
  }
}

/**
 * Makes a worker: it answers the requests of GoCD's task extension, and runs its tasks in a neighbour container. It connects
 * at the first task.
 *
 * @throws ExecutorError INVALID_OPTION.
 * @example
 * ```ts
 * import { createGocdWorker } from "k8s-executor";
 * await using worker = createGocdWorker({ container: "maven", maskedVariables: ["NPM_TOKEN"] });
 * console.log(await worker.handle({ request: "validate", body: { script: { value: "" } } }));
 * ```
 */
export function createGocdWorker(options: GocdWorkerOptions = {}): GocdWorker {
  if (!isObject(options)) throw invalidOption("the options are no object", "give an object");
  // A step's option of that name would be taken for this one, and nothing masked.
  if ("mask" in options) throw invalidOption("a worker has no option mask", "name it maskedVariables");
  const types = {
    ...CONNECT_OPTION_TYPES,
    wait: "number",
    maskedVariables: "a list",
    timeout: "number",
    forceKillAfterDelay: "number",
  } as const;
  requireTypes(options, types);
  refuseMisspelt(options, [...Object.keys(types), "probe"]);
  return new GocdWorker({ ...options });
}
