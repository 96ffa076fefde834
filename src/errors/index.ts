export { type ErrorCode } from "./codes.ts";
export { ExecutorError, invalidOption, type ErrorParts } from "./executor-error.ts";
export { errnoName, errnoOf, SystemError } from "./errno.ts";
export { isObject, requireTypes, type OptionType } from "./option-types.ts";
export { refuseMisspelt } from "./option-names.ts";
