/** What is to be examined: options of connect(). */
export interface DoctorOptions {
  container?: string | undefined;
  pid?: number | undefined;
  sharedRoot?: string | undefined;
  containerRoot?: string | undefined;
  config?: string | undefined;
  allowDegraded?: boolean | undefined;
}
