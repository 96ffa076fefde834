import { spawn } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";

import type { ThrowAwayGuest } from "../guests/guest.ts";
import { CLI } from "../support/cli.ts";
import type { AgentEvent, Job } from "./job.ts";

const AGENT = fileURLToPath(new URL("agent.ts", import.meta.url));
const LOADER = import.meta.resolve("tsx");

/** What a job's console shows, and how the task ended. */
export interface Replay {
  /** Of both streams, in the order in which the agent read them. */
  console: string[];
  stdout: string[];
  stderr: string[];
  cancels: Extract<AgentEvent, { cancel: string }>[];
  status: number | null;
  signal: string | null;
}

/** Reads what the agent wrote. */
export function parseReplay(text: string): Replay {
  const events = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as AgentEvent);
  const linesOf = (wanted?: string): string[] =>
    events.flatMap((event) => ("line" in event && (wanted ?? event.stream) === event.stream ? [event.line] : []));
  const end = events.at(-1);
  if (!end || !("status" in end)) throw new Error(`the agent did not tell of the task's end: ${text}`);
  return {
    console: linesOf(),
    stdout: linesOf("stdout"),
    stderr: linesOf("stderr"),
    cancels: events.filter((event) => "cancel" in event),
    status: end.status,
    signal: end.signal,
  };
}

/** GoCD's own variables for a job. */
export const GOCD_VARIABLES: Readonly<Record<string, string>> = {
  GO_SERVER_URL: "https://gocd.example.org/go",
  GO_PIPELINE_NAME: "web",
  GO_PIPELINE_COUNTER: "17",
  GO_PIPELINE_LABEL: "17",
  GO_STAGE_NAME: "build",
  GO_STAGE_COUNTER: "1",
  GO_JOB_NAME: "compile",
  GO_TRIGGER_USER: "changes",
  GO_REVISION: "0123456789abcdef0123456789abcdef01234567",
};

/** What a GoCD agent's process has in its environment, in a Pod of the Kubernetes elastic agent plugin. */
export function agentEnvironment(variables: Readonly<Record<string, string>>): Record<string, string> {
  return {
    PATH: `${path.dirname(CLI)}:${process.env["PATH"]}`,
    HOME: "/home/go",
    JAVA_HOME: "/gocd-jre",
    LANG: "en_US.UTF-8",
    AGENT_WORK_DIR: "/go",
    // As the entrypoint of GoCD's images leaves it.
    GO_SERVER_URL: "https://gocd.example.org/go",
    GO_JAVA_HOME: "/gocd-jre",
    GO_EA_SERVER_URL: "https://gocd.example.org/go",
    GO_EA_AUTO_REGISTER_KEY: "the-agents-own-secret",
    GO_EA_AUTO_REGISTER_ELASTIC_AGENT_ID: "k8s-ea-1",
    ...variables,
  };
}

/** The agent's environment for a throw-away guest. */
export function agentOf(guest: ThrowAwayGuest): Record<string, string> {
  return agentEnvironment({
    GO_K8S_CONTAINER_PID: String(guest.pid),
    GO_K8S_CONTAINER_SHARED_ROOT: guest.sharedRoot,
    GO_K8S_CONTAINER_ROOT: guest.containerRoot,
  });
}

/** A job of the pipeline "web" that runs our command line. */
export function jobOf(args: readonly string[], more: Partial<Job> = {}): Job {
  const { variables = {}, ...rest } = more;
  return {
    command: "k8s-executor",
    arguments: args,
    pipeline: "web",
    variables: { ...GOCD_VARIABLES, ...variables },
    ...rest,
  };
}

/**
 * Runs one task of a job under an agent of its own.
 *
 * @param environment The agent's own.
 * @param directory Where the agent works: pipelines are below it.
 */
export function replay(job: Job, environment: Readonly<Record<string, string>>, directory: string): Promise<Replay> {
  const agent = spawn(process.execPath, ["--import", LOADER, AGENT], { cwd: directory, env: { ...environment } });
  agent.stdin.end(JSON.stringify(job));
  let said = "";
  let complained = "";
  agent.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
  agent.stderr.on("data", (chunk: Buffer) => (complained += chunk.toString()));
  return new Promise((resolve, reject) => {
    agent.once("close", (code) => {
      if (code === 0) resolve(parseReplay(said));
      else reject(new Error(`the agent failed (${code}): ${complained}${said}`));
    });
  });
}
