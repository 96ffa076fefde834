import type { Backend } from "./backend/index.ts";
import { requireKill, stepUser, type Container, type ContainerName } from "./container/index.ts";
import type { ContainerDefaults } from "./defaults/index.ts";
import type { ChosenContainer } from "./discovery/index.ts";
import { invalidOption, refuseMisspelt, requireTypes, type OptionType } from "./errors/index.ts";
import { PROCESS_OPTION_NAMES, Step, type ProcessOptions } from "./process/index.ts";
import type { BackendName } from "./result/index.ts";
import {
  containerEntries,
  prepareProgram,
  prepareScript,
  type Environment,
  type PreparedStep,
  type SharedRoot,
  type StepSource,
  type TerminalSize,
  type Transport,
} from "./step/index.ts";

/** What a script and a program have in common. */
export interface ExecOptions extends ProcessOptions {
  /** Variables, text or bytes, on top of the container's own; undefined removes one. GO_EA_* are never passed. */
  env?: Environment | undefined;
  /**
   * The working directory: a path in the container, or below the shared root as this process sees it (then it is
   * mapped). By default that of the container's main process, or "/" where the step cannot be there; a warning says so.
   */
  cwd?: string | undefined;
  /**
   * Who the step is: `uid[:gid]`, numbers or names of the container's own /etc/passwd and /etc/group; HOME, USER and
   * LOGNAME follow. By default the user of the container's main process.
   */
  user?: string | number | undefined;
  /** The supplementary groups, numbers or names; by default those that the user has. */
  groups?: readonly (string | number)[] | undefined;
  /**
   * What happens to background processes when the step's first process has ended: "leave" (the default) counts them,
   * "kill" ends them with SIGKILL.
   */
  leftovers?: "leave" | "kill" | undefined;
  /**
   * The step's streams are a terminal of the container, 80 by 24 characters or of the given size: for programs that want
   * one. What it prints is then in stdout, stderr is empty, and each newline is CR and LF. Step.resize changes the size.
   */
  tty?: boolean | TerminalSize | undefined;
  /** Keeps the agent's capabilities, also those that the container does not have; by default false. */
  privileged?: boolean | undefined;
}

/** A script through a shell. */
export interface RunOptions extends ExecOptions {
  /** The text. CRLF and CR become LF. */
  script: string | Uint8Array;
  /** "sh" (the default), "bash", "zsh" or any interpreter, by name or path. */
  shell?: string | undefined;
  /** "file" in the shared root (the default where there is one), or "memfd": in memory, run as /dev/fd/3. */
  transport?: Transport | undefined;
}

const OPTION_TYPES: Readonly<Record<string, OptionType>> = {
  env: "an object",
  cwd: "string",
  user: "a string or a number",
  groups: "a list",
  leftovers: "string",
  privileged: "boolean",
  shell: "string",
  transport: "string",
};

const OPTION_NAMES: readonly string[] = [...Object.keys(OPTION_TYPES), "script", "tty", ...PROCESS_OPTION_NAMES];
/** Those of connect(), which say where all of a guest's steps are run. */
const OF_CONNECT: readonly string[] = ["container", "pid", "backend"];

function refuseMisplaced(options: object): void {
  const misplaced = OF_CONNECT.find((name) => Object.hasOwn(options, name));
  if (misplaced === undefined) return;
  throw invalidOption(`the option ${misplaced} is none of a step's`, "give it to connect()");
}

/** A container that steps can be run in, made by {@link connect}. */
export class Guest implements AsyncDisposable {
  readonly #container: Container;
  readonly #environment: ReadonlyMap<string, Buffer>;
  readonly #sharedRoot: SharedRoot | undefined;
  readonly #backend: Backend;
  /** What its steps are, where they do not say so themselves. */
  readonly defaults: ContainerDefaults;
  #isClosed = false;
  #isReleased = false;
  #underWay = 0;

  /** @internal Use connect. */
  constructor(container: Container, sharedRoot: SharedRoot | undefined, backend: Backend, defaults: ContainerDefaults) {
    this.defaults = defaults;
    this.#container = container;
    this.#environment = containerEntries(container.environment);
    this.#sharedRoot = sharedRoot;
    this.#backend = backend;
  }

  /** The pid of the container's main process. */
  get pid(): number {
    return this.#container.pid;
  }

  /** What the container goes by; all but the kubelet's name are its own claims. */
  get names(): readonly ContainerName[] {
    return this.#container.names;
  }

  /** @internal What tells its main process from any other. */
  get target(): ChosenContainer {
    const { pid, startTime } = this.#container;
    return { pid, startTime };
  }

  /** Whether steps can be run in it: it is not closed, and the container's main process is still there. */
  get isAlive(): boolean {
    return !this.#isClosed && this.#container.isAlive();
  }

  get backend(): BackendName {
    return this.#backend.name;
  }

  /** Why this backend was chosen. */
  get backendReason(): string {
    return this.#backend.reason;
  }

  /** What this backend cannot do that the native one can, and what the container's main process has lost for its steps. */
  get limitations(): readonly string[] {
    return this.#backend.limitations;
  }

  /**
   * Runs a script through a shell in the container.
   *
   * @returns A promise of the result with the step's streams. It rejects with an ExecutorError where the script did not
   *   run: INVALID_OPTION, EMPTY_SCRIPT, TOO_LARGE, SHARED_ROOT, WORKING_DIRECTORY, COMMAND_NOT_FOUND,
   *   COMMAND_NOT_EXECUTABLE, PERMISSION_DENIED, CONTAINER_GONE, RESOURCE_EXHAUSTED, ENTRY_FAILED, HELPER_LOST;
   *   with `reject: true` also STEP_FAILED.
   * @example
   * ```ts
   * const { exitCode, stdout } = await guest.run({ shell: "bash", script: "npm ci && npm test", timeout: 600_000 });
   * ```
   */
  run(options: RunOptions): Step {
    return this.#start(() => {
      const whole = this.#withDefaults(options);
      return prepareScript(this.#source(whole), { ...whole, shell: options.shell ?? this.defaults.shell });
    }, options);
  }

  /**
   * Runs a program in the container, without a shell.
   *
   * @param command The program, looked for in the step's PATH, and its arguments, text or bytes.
   * @returns As for {@link run}.
   * @example
   * ```ts
   * const { stdout } = await guest.exec(["node", "--version"], { reject: true });
   * ```
   */
  exec(command: readonly (string | Uint8Array)[], options: ExecOptions = {}): Step {
    return this.#start(() => {
      const whole = this.#withDefaults(options);
      return prepareProgram(command, this.#source(whole), whole);
    }, options);
  }

  /** Releases what was kept for further steps. Steps under way go on. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#underWay === 0) this.#release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #withDefaults<Options extends ExecOptions>(options: Options): Options {
    requireTypes(options, OPTION_TYPES);
    refuseMisspelt(options, OPTION_NAMES);
    refuseMisplaced(options);
    const { user, cwd, env } = this.defaults;
    return { ...options, user: options.user ?? user, cwd: options.cwd ?? cwd, env: { ...env, ...options.env } };
  }

  #source(options: ExecOptions): StepSource {
    if (this.#isClosed) throw invalidOption("the guest is closed", "connect again");
    const { identity, variables, warnings } = stepUser(this.#container, options);
    if (!this.#backend.canSetGroups) this.#refuseGroups(options, identity.deniesGroups);
    if (options.tty && !this.#backend.hasTerminals) {
      throw invalidOption(`the ${this.backend} backend cannot give a step a terminal`, "use native or helper");
    }
    if (identity.ourUid !== this.#container.identity.ourUid) requireKill(identity);
    return {
      environment: this.#environmentWith(variables),
      cwd: this.#container.cwd,
      sharedRoot: this.#sharedRoot,
      identity,
      warnings,
      isPrivileged: options.privileged ?? false,
    };
  }

  #environmentWith(variables: Readonly<Record<string, string>>): ReadonlyMap<string, Buffer> {
    const overridden = Object.entries(variables);
    if (overridden.length === 0) return this.#environment;
    const values = overridden.map(([name, value]) => [name, Buffer.from(value, "latin1")] as const);
    return containerEntries(new Map([...this.#container.environment, ...values]));
  }

  /** What was asked for and cannot be done is refused, not passed over. */
  #refuseGroups({ user, groups }: ExecOptions, deniesGroups: boolean): void {
    const remedy = "leave it out, or use the backend native or helper";
    if (groups !== undefined) {
      throw invalidOption(`the ${this.backend} backend cannot set supplementary groups`, remedy);
    }
    if (user !== undefined && deniesGroups) {
      throw invalidOption(`the ${this.backend} backend cannot set the user in this container's user namespace`, remedy);
    }
  }

  #start(prepare: () => PreparedStep, options: ProcessOptions): Step {
    // A caller without types may pass anything; it shall get a rejection as for any other bad option.
    const isObject = typeof options === "object" && options !== null;
    this.#underWay++;
    return new Step(this.#backend, isObject ? prepare : () => refuseOptions(options), isObject ? options : {}, () => {
      this.#underWay--;
      if (this.#isClosed && this.#underWay === 0) this.#release();
    });
  }

  #release(): void {
    // Steps that are started on a closed guest are refused, and count again.
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#backend.close();
    this.#sharedRoot?.close();
    this.#container.close();
  }
}

function refuseOptions(options: unknown): never {
  throw invalidOption(`the options are ${options === null ? "null" : `of type ${typeof options}`}`, "give an object");
}
