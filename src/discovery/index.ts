export { chooseContainer, type ChosenContainer } from "./choose.ts";
export { containers } from "./containers.ts";
export { type CgroupUse, type ContainerInfo, type ContainerRole } from "./types.ts";
