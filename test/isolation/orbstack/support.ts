import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const isRoot = process.getuid?.() === 0;
const hasTools = ['unshare', 'nft', 'bwrap'].every(
  (tool) => spawnSync(tool, ['--version'], { stdio: 'ignore' }).error === undefined,
);
/** Why no guest can be played here, or undefined. */
export const NO_GUEST = !isRoot
  ? 'only root can play a guest of OrbStack'
  : hasTools
    ? undefined
    : '`unshare`, `nft` or `bwrap` is missing';
if (NO_GUEST !== undefined) console.warn(`NOT PROVEN HERE: the OrbStack driver against a played guest (${NO_GUEST})`);

/** A home with a fake `orb` that judges every call. No OrbStack and no Mac is behind it. */
export class FakeOrb {
  readonly home = mkdtempSync(join(tmpdir(), 'hs-orb-'));
  readonly orb = join(this.home, 'orb');

  constructor() {
    chmodSync(this.home, 0o755);
    const script = join(import.meta.dirname, 'fake-orb.mjs');
    // No shell between: one would add to the environment.
    writeFileSync(this.orb, `#!${process.execPath}\nimport(${JSON.stringify(script)});\n`, { mode: 0o755 });
  }

  get env(): Record<string, string> {
    return {
      ...process.env,
      HOME: this.home,
      HTTPS_PROXY: 'http://proxy.example:3128',
      http_proxy: 'http://p',
      SSH_AUTH_SOCK: '/s',
    };
  }

  turn(knobs: Readonly<Record<string, unknown>>): void {
    writeFileSync(join(this.home, 'knobs.json'), JSON.stringify(knobs));
  }

  calls(): string[][] {
    return this.#lines('calls.jsonl') as string[][];
  }

  refused(): unknown[] {
    return this.#lines('refused.jsonl');
  }

  machines(): Record<string, { state: string }> {
    const path = join(this.home, 'machines.json');
    return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, { state: string }>) : {};
  }

  close(): void {
    rmSync(this.home, { recursive: true, force: true });
  }

  #lines(name: string): unknown[] {
    const path = join(this.home, name);
    if (!existsSync(path)) return [];
    return readFileSync(path, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
  }
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
