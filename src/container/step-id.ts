/** The variable that tells which step a process belongs to, whatever became of its parents, as other CI agents do it (RUNNER_TRACKING_ID). */
export const STEP_ID = "K8S_EXECUTOR_STEP";
