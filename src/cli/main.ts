import { commandLine } from "./command-line.ts";

// Each is loaded when it is asked for.
await commandLine({
  containers: async (args) => (await import("./containers.ts")).listContainers(args),
  doctor: async (args, ours) => (await import("./doctor.ts")).doctor(args, ours),
  install: async (args) => (await import("./install.ts")).install(args),
  wait: async (args) => (await import("./wait.ts")).wait(args),
  worker: async (args) => (await import("./worker.ts")).worker(args),
});
