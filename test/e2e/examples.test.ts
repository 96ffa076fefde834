import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";

import { parse } from "yaml";

import { readPipelines, resolveParameters, SHOP, WEB } from "../gocd/pipeline.ts";
import { renderProfile } from "../pod/gocd-pod.ts";
import { REPOSITORY } from "../support/programs.ts";

const PROFILES = ["examples/gocd/elastic-agent-profile.yaml", "examples/several-containers/pod.yaml"];
const PODS = ["examples/pod.yaml"];
const PIPELINES = [WEB, SHOP];

/** What the compiler says of a value as a literal of a type: it names what is missing, wrong, or not there at all. */
function complaints(type: string, from: string, value: unknown): string {
  const cache = path.join(REPOSITORY, "test/.cache");
  mkdirSync(cache, { recursive: true });
  const directory = mkdtempSync(path.join(cache, "manifest-"));
  try {
    const file = path.join(directory, "manifest.ts");
    const text = `import type { ${type} } from "${from}";\nexport const manifest: ${type} = ${JSON.stringify(value)};\n`;
    writeFileSync(file, text);
    const options =
      "--ignoreConfig --noEmit --strict --module nodenext --target es2023 --allowImportingTsExtensions --types";
    const { status, stdout, stderr } = spawnSync(
      path.join(REPOSITORY, "node_modules/.bin/tsc"),
      [...options.split(" "), "node", file],
      { encoding: "utf8", cwd: REPOSITORY },
    );
    return status === 0 ? "" : `${stdout}${stderr}`;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const aPod = (value: unknown): string => complaints("Pod", "kubernetes-types/core/v1.d.ts", value);
const aPipelinesFile = (value: unknown): string => complaints("PipelinesFile", "../../gocd/pipeline-format.ts", value);

/** Each text in a value, keys too. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.keys(value).concat(Object.values(value).flatMap(texts));
}

function readYaml(file: string): unknown {
  return parse(readFileSync(path.join(REPOSITORY, file), "utf8"));
}

test("each manifest of examples/ is checked here", () => {
  const files = readdirSync(path.join(REPOSITORY, "examples"), { recursive: true, encoding: "utf8" });
  assert.deepEqual(
    files.filter((file) => /\.ya?ml$/.test(file)).toSorted(),
    [...PODS, ...PROFILES, ...PIPELINES].map((file) => path.relative("examples", file)).toSorted(),
  );
});

test("the Pods are what the Kubernetes API takes", () => {
  for (const pod of [...PODS.map(readYaml), ...PROFILES.map(renderProfile)]) assert.equal(aPod(pod), "");
});

test("a profile's Pods each have a name of their own", () => {
  for (const file of PROFILES) {
    const [one, other] = [renderProfile(file), renderProfile(file)].map(({ metadata }) => metadata?.name);
    assert.notEqual(one, other, file);
  }
});

test("the pipelines are what the YAML configuration plugin takes", () => {
  for (const file of PIPELINES) {
    assert.equal(aPipelinesFile(readPipelines(file)), "");
    for (const text of texts(readPipelines(file))) resolveParameters(text);
    const { pipelines } = readPipelines(file) as { pipelines: Record<string, unknown> };
    for (const name of Object.keys(pipelines)) assert.match(name, /^[\w-][\w.-]*$/);
  }
});

test("the checks notice what is wrong", () => {
  const pod = (from: string, to: string): unknown =>
    JSON.parse(JSON.stringify(readYaml("examples/pod.yaml")).replace(from, to));
  assert.match(
    aPod(pod("shareProcessNamespace", "shareProcessNamespaces")),
    /'"shareProcessNamespaces"' does not exist/,
  );
  assert.match(aPod(pod('"SYS_ADMIN"', "21")), /Type 'number' is not assignable to type 'string'/);
  assert.match(aPod(pod('"name":"gocd-agent",', "")), /Property 'name' is missing/);
  const pipelines = (from: string, to: string): unknown =>
    JSON.parse(JSON.stringify(readPipelines(WEB)).replace(from, to));
  assert.match(aPipelinesFile(pipelines('"run_if":"failed"', '"run_if":"broken"')), /"broken"/);
  assert.match(aPipelinesFile(pipelines('"command":', '"comand":')), /'"comand"' does not exist|'command' is missing/);
  assert.match(aPipelinesFile(pipelines("AES:", "")), /is not assignable to type '`AES:/);
  for (const script of ["echo one # two", "### three", "#{parameter}"]) {
    assert.throws(() => resolveParameters(script), /must be followed by a parameter pattern/);
  }
  assert.equal(resolveParameters("a ## b #### c"), "a # b ## c");
});
