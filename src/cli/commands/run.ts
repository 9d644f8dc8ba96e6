import { join, resolve } from 'node:path';
import { Failure, wrongUse } from '../failure.ts';
import type { CommandIo } from './supervisor-client.ts';

export interface RunCommand {
  readonly workspace: string;
  readonly driver: string;
  readonly root: string | undefined;
  readonly image: string | undefined;
  readonly reads: readonly string[];
  readonly command: readonly string[];
}

const WORKSPACE = /^[a-z0-9][a-z0-9-]{0,31}$/;

/** `hardshell run -- CMD…`: this process becomes the one that starts the program in Zone 2, and does not return. */
export function run(command: RunCommand, io: CommandIo): number {
  if (!WORKSPACE.test(command.workspace))
    throw wrongUse('a workspace is named with lower-case letters, digits and dashes, at most 32');
  if (command.command.length === 0) throw wrongUse('name a program after `--`, such as `hardshell run -- bash`');
  return become(
    'run',
    JSON.stringify({
      kind: 'agent',
      workspace: command.workspace,
      root: rootOf(command),
      reads: command.reads.map((path) => resolve(path)),
      command: command.command,
    }),
    io,
  );
}

type Root =
  | { readonly kind: 'host-ro' }
  | { readonly kind: 'image'; readonly directory: string }
  | { readonly kind: 'engine-image'; readonly reference: string };

function rootOf({ driver, root = 'host-ro', image }: RunCommand): Root {
  if (driver !== 'bubblewrap' && driver !== 'docker') throw wrongUse('`--driver` is `bubblewrap` (usual) or `docker`');
  if (root !== 'host-ro' && root !== 'image')
    throw wrongUse('`--root` is `host-ro` (the programs of this machine) or `image`');
  if (driver === 'docker') {
    if (root === 'host-ro' || image === undefined)
      throw wrongUse(
        'a container has an image for its root, not the programs of this machine: `--driver docker --root image --image REF`, with an image that the Docker engine has',
      );
    return { kind: 'engine-image', reference: image };
  }
  if ((root === 'image') !== (image !== undefined))
    throw wrongUse('`--root image` and `--image DIR` go together: the folder of an unpacked image');
  return image === undefined ? { kind: 'host-ro' } : { kind: 'image', directory: resolve(image) };
}

/** Replaces this process by a packed program of ours, so that the terminal and its signals are that one's. */
export function become(program: string, order: string, io: CommandIo): number {
  if (process.execve === undefined)
    throw new Failure('this Node cannot become another program; start it with `bin/hardshell`');
  const main = join(import.meta.dirname, '..', program, 'main.mjs');
  const env = Object.entries(io.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const args = ['--disable-warning=ExperimentalWarning', main, order];
  return process.execve(process.execPath, [process.execPath, ...args], Object.fromEntries(env));
}
