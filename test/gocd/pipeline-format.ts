/**
 * The format of GoCD's YAML configuration plugin, version 10, as its reference documents it, as far as the examples need it:
 * https://github.com/tomzo/gocd-yaml-config-plugin#format-reference. It is written down here, for there is no schema of it.
 */
export interface PipelinesFile {
  format_version: 10;
  pipelines: Readonly<Record<string, Pipeline>>;
}

/** With its own stages; the plugin knows templates too. */
export interface Pipeline extends Variables {
  group: string;
  display_order?: number;
  label_template?: string;
  lock_behavior?: "none" | "lockOnFailure" | "unlockWhenFinished";
  parameters?: Readonly<Record<string, string>>;
  timer?: { spec: string; only_on_changes?: boolean };
  materials: Readonly<Record<string, GitMaterial | DependencyMaterial>>;
  stages: readonly Readonly<Record<string, Stage>>[];
}

export interface Variables {
  environment_variables?: Readonly<Record<string, string>>;
  /** Encrypted by GoCD. */
  secure_variables?: Readonly<Record<string, `AES:${string}:${string}`>>;
}

export interface GitMaterial {
  git: string;
  branch?: string;
  destination?: string;
  shallow_clone?: boolean;
  auto_update?: boolean;
  username?: string;
  encrypted_password?: string;
  includes?: readonly string[];
  ignore?: readonly string[];
}

export interface DependencyMaterial {
  pipeline: string;
  stage: string;
  ignore_for_scheduling?: boolean;
}

export interface Stage extends Variables {
  fetch_materials?: boolean;
  keep_artifacts?: boolean;
  clean_workspace?: boolean;
  approval?:
    "success" | "manual" | { type: "success" | "manual"; roles?: readonly string[]; users?: readonly string[] };
  jobs: Readonly<Record<string, PipelineJob>>;
}

/** One with an elastic profile has no resources. */
export interface PipelineJob extends Variables {
  elastic_profile_id: string;
  /** In minutes. */
  timeout?: number;
  run_instances?: number | "all";
  artifacts?: readonly ({ build: Artifact } | { test: Artifact })[];
  tabs?: Readonly<Record<string, string>>;
  tasks: readonly Task[];
}

export interface Artifact {
  source: string;
  destination?: string;
}

export type Task = { exec: ExecTask } | { fetch: FetchTask };

interface AnyTask {
  run_if?: "passed" | "failed" | "any";
  on_cancel?: Task;
}

export interface ExecTask extends AnyTask {
  command: string;
  arguments?: readonly string[];
  working_directory?: string;
}

export interface FetchTask extends AnyTask {
  pipeline?: string;
  stage: string;
  job: string;
  source: string;
  destination?: string;
  is_file?: boolean;
}
