/**
 * Signed tokens of grants that wait to be redeemed, by request. In memory only: the signing key is gone with the
 * process, and so are they. Every poll for one request gets the same token.
 */
export class TokenTable {
  readonly #tokens = new Map<string, { readonly token: string; readonly untilBootMs: number }>();

  put(rid: string, token: string, untilBootMs: number): void {
    this.#tokens.set(rid, { token, untilBootMs });
  }

  get(rid: string): string | undefined {
    return this.#tokens.get(rid)?.token;
  }

  forget(rid: string): void {
    this.#tokens.delete(rid);
  }

  forgetExpired(bootMs: number): void {
    for (const [rid, { untilBootMs }] of this.#tokens) if (untilBootMs <= bootMs) this.#tokens.delete(rid);
  }

  clear(): void {
    this.#tokens.clear();
  }
}
