/** What `hone doctor` found in one place. */
export interface Check {
  name: string;
  ok: boolean;
  found: string;
  /** What to do when it is not. */
  fix?: string;
}
