/** Who a process runs as. */
export interface Ids {
  readonly uid: number;
  readonly gid: number;
}
