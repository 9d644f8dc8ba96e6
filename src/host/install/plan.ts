/** Who a file belongs to. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export const ROOT: Owner = { uid: 0, gid: 0 };

export type Content =
  | { readonly kind: 'text'; readonly text: string }
  /** A file of the checkout, known by its digest: what is copied is what was planned, or nothing. */
  | { readonly kind: 'copy'; readonly from: string; readonly sha256: string; readonly bytes: number };

interface Common {
  /** Names the step in the journal; stays the same in every version that has the step. */
  readonly id: string;
  /** What it gives, for a person. */
  readonly what: string;
}

export interface GroupStep extends Common {
  readonly kind: 'group';
  readonly name: string;
  readonly gid: number;
}

/** A system account: no password, no shell, no group but its own, hidden from login screens. */
export interface UserStep extends Common {
  readonly kind: 'user';
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly comment: string;
}

export interface DirectoryStep extends Common {
  readonly kind: 'directory';
  readonly path: string;
  readonly mode: number;
  readonly owner: Owner;
  /**
   * `shared`: not ours alone; made where missing, never changed. `ours`: goes when it is empty. `data`: goes with what is
   * in it, unless the owner keeps it.
   */
  readonly holds: 'shared' | 'ours' | 'data' | 'runtime';
}

export interface FileStep extends Common {
  readonly kind: 'file';
  readonly path: string;
  readonly mode: number;
  readonly owner: Owner;
  readonly content: Content;
}

export interface LinkStep extends Common {
  readonly kind: 'link';
  readonly path: string;
  readonly to: string;
}

/** A unit is enabled by its link, as `systemctl enable` does it, and started where a service manager runs. */
export interface UnitStep extends Common {
  readonly kind: 'unit';
  readonly name: string;
  readonly path: string;
  readonly to: string;
  readonly start: boolean;
}

/** A command of the running system. */
export interface CommandStep extends Common {
  readonly kind: 'command';
  readonly argv: readonly string[];
  /** Succeeds when what the command makes is there. */
  readonly check: readonly string[];
  /** Changes when the command has to be run again although `check` succeeds. */
  readonly identity: string;
  readonly undo: readonly string[] | null;
}

export type Step = GroupStep | UserStep | DirectoryStep | FileStep | LinkStep | UnitStep | CommandStep;

/** What an installation is, as data: printed by a dry run, carried out by `apply`, taken back by `uninstall`. */
export interface Plan {
  readonly system: 'linux' | 'macos';
  readonly version: string;
  readonly steps: readonly Step[];
  /** What a person should know before or after. */
  readonly notes: readonly string[];
}

export function sizeOf(content: Content): number {
  return content.kind === 'copy' ? content.bytes : Buffer.byteLength(content.text);
}

/** One line a step: what it makes, for whom, with which rights. */
export function describeStep(step: Step): string {
  switch (step.kind) {
    case 'group':
      return `group ${step.name} (${step.gid})`;
    case 'user':
      return `user ${step.name} (${step.uid}), no login, home ${step.home}`;
    case 'directory':
      return `directory ${step.path} ${rights(step)}`;
    case 'file':
      return `file ${step.path} ${rights(step)}`;
    case 'link':
      return `link ${step.path} -> ${step.to}`;
    case 'unit':
      return `unit ${step.name}: enabled by ${step.path}${step.start ? ', started where systemd runs' : ''}`;
    case 'command':
      return `command ${step.argv.map(quote).join(' ')}`;
    default:
      return step satisfies never;
  }
}

/** The command that takes a step back, or how that is done. */
export function describeUndo(step: Step): string {
  switch (step.kind) {
    case 'group':
      return `groupdel ${step.name}`;
    case 'user':
      return `userdel ${step.name}`;
    case 'directory':
      return step.holds === 'data' ? 'removed with what is in it, or kept with --keep-home' : 'removed when empty';
    case 'file':
    case 'link':
      return 'removed; what stood there before comes back byte for byte';
    case 'unit':
      return `systemctl stop ${step.name}; link removed`;
    case 'command':
      return step.undo === null ? 'nothing to take back' : step.undo.map(quote).join(' ');
    default:
      return step satisfies never;
  }
}

function rights({ mode, owner }: { readonly mode: number; readonly owner: Owner }): string {
  return `0${mode.toString(8)} ${owner.uid}:${owner.gid}`;
}

/** A word as a shell would need it, for people who read or copy the line. Nothing here is run by a shell. */
export function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
