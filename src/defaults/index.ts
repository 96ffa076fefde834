export { readConfig } from "./config-file.ts";
export { defaultsOf } from "./defaults.ts";
export { type ContainerDefaults } from "./types.ts";
