/** A link as it was written: nothing of it is believed before `inspectLink`. */
export interface RawLink {
  readonly url: string;
  /** What a person sees of it; empty where the address itself is seen. */
  readonly text: string;
}
