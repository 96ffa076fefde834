import { spawn, type ChildProcess } from "node:child_process";
import type { Readable, Writable } from "node:stream";

import type { Container, Identity } from "../../container/index.ts";
import type { PreparedStep, SharedRoot } from "../../step/index.ts";
import { containerGoneError } from "../failure.ts";
import type { Libc } from "../native/libc.ts";
import { childOutput, childStream } from "../child-streams.ts";
import { killLeftovers, killOrphans } from "../kill-tree.ts";
import { watchOom } from "../oom.ts";
import { ignoreClosedReader } from "../pipe-streams.ts";
import { startError } from "../start-error.ts";
import { Unavailable, type Backend, type Ending, type Running } from "../types.ts";
import { cwdWarning, scriptWarning } from "../warnings.ts";
import { escapeBytes } from "./escaped-bytes.ts";
import type { InstalledNsenter } from "./installed.ts";
import { killGroup } from "./kill-group.ts";
import { NsenterPipes } from "./pipes.ts";
import { nsenterFailure } from "./report.ts";
import { ScriptFile } from "./script-file.ts";
import { hide, REPORT_FD, STDERR_FD, wrapper, type Note, type Report } from "./wrapper.ts";

const SIGKILL = 9;
const NOTES: ReadonlySet<string> = new Set<Note>(["root", "memory"]);

/** util-linux or BusyBox nsenter, for where the helper cannot run. */
export class NsenterBackend implements Backend {
  readonly name = "nsenter";
  readonly reason: string;
  readonly limitations: readonly string[];
  readonly canSetGroups = false;
  readonly hasTerminals = false;
  readonly #nsenter: InstalledNsenter;
  readonly #container: Container;
  readonly #sharedRoot: SharedRoot | undefined;
  readonly #libc: Libc | undefined;
  readonly #options: readonly string[];

  /** @param libc For real pipes and scripts in memory, where FFI works. Throws Unavailable. */
  constructor(
    nsenter: InstalledNsenter,
    container: Container,
    sharedRoot: SharedRoot | undefined,
    libc: Libc | undefined,
    reason: string,
  ) {
    this.#nsenter = nsenter;
    this.#container = container;
    this.#sharedRoot = sharedRoot;
    this.#libc = libc;
    this.reason = reason;
    const { options, skipped } = this.#enterOptions();
    this.#options = options;
    this.limitations = [
      "the script keeps the agent's capabilities and other privileges",
      "the script, and its file, outlive an agent that is killed",
      "what the step leaves in the background is not counted",
      "supplementary groups are not taken over, and the agent's keyring is kept",
      "the container's cgroup, resource limits and oom_score_adj are not taken over",
      ...ownedByAgent(container.attributes),
      "resource usage is not reported",
      "a step cannot have a terminal",
      "the container needs a sh, which may drop variables whose names are no identifiers",
      ...(container.pin ? [] : ["a pid that is given to another process at this very moment is not noticed"]),
      ...(container.hiding === undefined ? [] : ["/proc hides processes: what leaves the process group is not ended"]),
      ...(libc ? [] : ["stdout and stderr are sockets, so /dev/stdout cannot be opened in the container"]),
      ...skipped.map((name) => `the ${name} namespace is not joined (${nsenter.version} cannot)`),
    ];
  }

  start(step: PreparedStep, stdin: boolean): Running {
    if (!this.#container.isAlive()) throw containerGoneError(this.#container);
    const pipes = new NsenterPipes(this.#libc, step.identity);
    let file: ScriptFile | undefined;
    let child: ChildProcess;
    try {
      file = this.#placeFile(step);
      child = this.#spawn(step, pipes, stdin, file);
    } catch (error) {
      file?.remove();
      pipes.closeAll();
      throw startError("nsenter", error);
    }
    pipes.closeGiven();
    const input = childStream(child, 0) as Writable | undefined;
    if (input) ignoreClosedReader(input);
    // Nobody writes to it: it is at its end.
    if (!stdin) input?.destroy();
    let wasSignalled = false;
    let sweep = step.killsLeftovers;
    const signal = (number: number): void => {
      wasSignalled = true;
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
        killGroup(child.pid, number, this.#forks);
      }
    };
    const supervise = async (): Promise<Ending> => {
      try {
        return await this.#supervise(child, step, file?.refusal, () => wasSignalled);
      } finally {
        file?.remove();
        // Like the helper: once the end of all was asked for, nothing of it is left.
        if (sweep && child.pid !== undefined) {
          killGroup(child.pid, SIGKILL, false);
          await killOrphans(undefined, step.id, this.#container);
        }
      }
    };
    const ended = supervise();
    return {
      stdin: stdin ? (pipes.stdin ?? input) : undefined,
      stdout: pipes.stdout ?? childOutput(child, 1),
      stderr: pipes.stderr ?? childOutput(child, STDERR_FD),
      ended,
      // We read the step's own pipes.
      delivered: ended.then(
        () => true,
        () => true,
      ),
      signal(number, end) {
        sweep ||= end;
        signal(number);
      },
      resize: () => undefined,
      killLeftovers: () => killLeftovers(step.id, this.#container),
      abandon: () => signal(SIGKILL),
      release: () => undefined,
    };
  }

  /** To join a pid namespace nsenter forks, and stays as the parent that tells us how the script ended. */
  get #forks(): boolean {
    return this.#container.namespaces.some(({ name }) => name === "pid");
  }

  close(): void {
    // Nothing is kept between steps.
  }

  #enterOptions(): { options: string[]; skipped: string[] } {
    const options: string[] = [];
    const skipped: string[] = [];
    // Our descriptor by our pid, not an inherited one: nsenter would leave that open for the script.
    const { pin } = this.#container;
    const file = (name: string): string => (pin ? `/proc/${process.pid}/fd/${pin.directory}/${name}` : "");
    // Without a descriptor the number must do.
    if (!pin) options.push("-t", String(this.#container.pid));
    for (const { name } of this.#container.namespaces) {
      const option = this.#nsenter.namespaceOption(name, file(`ns/${name}`));
      if (option !== undefined) options.push(option);
      else if (name === "cgroup" || name === "time") skipped.push(name);
      else throw new Unavailable(`${this.#nsenter.version} cannot join a ${name} namespace`);
    }
    options.push(`-r${file("root")}`);
    return { options, skipped };
  }

  #userOptions({ uid, gid, ourUid, ourGid, deniesGroups }: Identity): string[] {
    const otherUser = this.#container.namespaces.some(({ name }) => name === "user");
    if (deniesGroups) return ["--preserve-credentials"];
    const isOurs = !otherUser && ourUid === process.geteuid?.() && ourGid === process.getegid?.();
    return isOurs ? [] : ["-S", String(uid), "-G", String(gid)];
  }

  #placeFile(step: PreparedStep): ScriptFile | undefined {
    if (step.script?.transport !== "file" || !this.#sharedRoot) return undefined;
    return new ScriptFile(step.script, this.#sharedRoot, step.identity);
  }

  #spawn(step: PreparedStep, pipes: NsenterPipes, stdin: boolean, file: ScriptFile | undefined): ChildProcess {
    const { script } = step;
    // Without FFI there is only the file.
    const isInMemoryToo = file?.refusal !== undefined && !script?.isFileWanted && this.#libc !== undefined;
    const memfd =
      script && (script.transport === "memfd" || isInMemoryToo) ? pipes.giveScript(script.bytes) : undefined;
    const { variables, hiddenAs, hidden } = hide(step.environment);
    const escaped = escapeBytes(hiddenAs, step.environment, step.arguments);
    const program = wrapper({
      statements: escaped.statements,
      hiddenAs,
      hidden,
      script: script?.transport,
      isInMemoryToo,
      isCwdWanted: step.isCwdWanted,
      umask: step.identity.umask,
    });
    const options = [...this.#options, ...this.#userOptions(step.identity)];
    const args = step.arguments.map((argument) => argument.toString());
    return spawn(this.#nsenter.path, [...options, "--", "sh", "-c", program, "sh", step.cwd, ...args], {
      env: { ...variables, ...escaped.variables },
      cwd: "/",
      detached: true,
      stdio: [
        stdin ? pipes.openStdin() : pipes.emptyStdin(),
        pipes.open("stdout"),
        "pipe",
        memfd ?? "ignore",
        "pipe",
        pipes.open("stderr"),
      ],
    });
  }

  async #supervise(
    child: ChildProcess,
    step: PreparedStep,
    refusal: string | undefined,
    wasSignalled: () => boolean,
  ): Promise<Ending> {
    const wasOutOfMemory = watchOom(this.#container);
    let report = "";
    let complaint = "";
    const exit = new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
      child.once("error", (error) => reject(startError("nsenter", error)));
      child.once("exit", (code, signal) => resolve([code, signal]));
    });
    // Both are closed before the step starts, so neither can be held open by it.
    const reports = childOutput(child, REPORT_FD).on("data", (chunk: Buffer) => (report += chunk.toString()));
    const complaints = childOutput(child, 2).on(
      "data",
      (chunk: Buffer) => (complaint += chunk.toString("utf8", 0, 500)),
    );
    const [[exitCode, signal]] = await Promise.all([exit, closed(reports), closed(complaints)]);
    const words = report.split("\n").filter(Boolean);
    const notes = new Set(words.filter((said) => NOTES.has(said)));
    const word = (words.find((said) => !notes.has(said)) ?? "") as Report | "";
    // What we ended ourselves before it began is no failure of the entry.
    if (word !== "started" && !(word === "" && wasSignalled())) {
      throw nsenterFailure(word, { exitCode, signal, complaint, refusal }, step, this.#container);
    }
    const ending = { exitCode: exitCode ?? undefined, signal: signal ?? undefined };
    return {
      ...ending,
      isCoreDumped: false,
      usage: undefined,
      survivors: undefined,
      containerGone: !this.#container.isAlive(),
      isOutputCut: false,
      outOfMemory: wasOutOfMemory(ending),
      limitations: [],
      warnings: [
        ...(notes.has("root") ? [cwdWarning(step, "cannot be entered")] : []),
        ...(notes.has("memory") ? [scriptWarning(step, refusal ?? "unknown")] : []),
      ],
    };
  }
}

function closed(stream: Readable): Promise<void> {
  return new Promise((resolve) => stream.once("error", () => resolve()).once("close", () => resolve()));
}

/** What a step has from us rather than from its container's main process. */
function ownedByAgent({ values, affinity, unknown }: Container["attributes"]): string[] {
  const names = [...(affinity.length > 0 ? ["CPU affinity"] : []), ...values.map(([name]) => name), ...unknown];
  return names.map((name) => `the container's ${name} is not taken over`);
}
