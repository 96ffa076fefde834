export { install, type InstallOptions } from "./install.ts";
