import { saw, type Evidence } from '../evidence.ts';
import { sawFile } from '../item.ts';
import type { Machine } from '../machine.ts';

/** What one layer of storage does for what lies on it. `memory`: gone when the power is. */
export interface Layer {
  readonly kind: 'encrypted' | 'plain' | 'memory' | 'unknown';
  readonly how: string;
  readonly evidence: readonly Evidence[];
}

interface Below {
  readonly depth: number;
  /** For a device that is a file on another file system. */
  readonly judgeFile: (path: string) => Promise<Layer>;
}

/** `CRYPT-VERITY` and `CRYPT-INTEGRITY` belong to the same tools and encrypt nothing. */
const CIPHERS = /^CRYPT-(LUKS1|LUKS2|PLAIN|TCRYPT|BITLK|LOOPAES|FVAULT2)-/;

/**
 * A block device by its folder in /sys, down through mappings, RAID, loops and partitions. Encryption that the drive does
 * by itself, or a machine below this one, is not seen from here.
 */
export async function judgeDevice(machine: Machine, folder: string, below: Below): Promise<Layer> {
  if (below.depth <= 0) return { kind: 'unknown', how: 'too many layers', evidence: [] };
  const deeper = { ...below, depth: below.depth - 1 };
  const uuid = await machine.readFile(`${folder}/dm/uuid`);
  const seen = uuid.kind === 'absent' ? [] : [sawFile(`${folder}/dm/uuid`, uuid)];
  if (uuid.kind === 'unreadable') return { kind: 'unknown', how: 'its mapping cannot be read', evidence: seen };
  const cipher = uuid.kind === 'text' ? CIPHERS.exec(uuid.text)?.[1] : undefined;
  if (cipher !== undefined) return judgeCipher(machine, folder, { cipher, seen });
  if ((await machine.readFile(`${folder}/comp_algorithm`)).kind === 'text') return judgeZram(machine, folder);
  const loop = await machine.readFile(`${folder}/loop/backing_file`);
  if (loop.kind === 'text')
    return withEvidence(await below.judgeFile(loop.text.trim()), [sawFile(`${folder}/loop/backing_file`, loop)]);
  const slaves = await machine.list(`${folder}/slaves`);
  if (slaves.kind === 'names' && slaves.names.length > 0) {
    const layers = await Promise.all(
      slaves.names.map((name) => judgeDevice(machine, `${folder}/slaves/${name}`, deeper)),
    );
    return withEvidence(weakest(layers), [saw(`${folder}/slaves`, slaves.names.join(' '))]);
  }
  if ((await machine.readFile(`${folder}/partition`)).kind === 'text') {
    // Not joined: the name is a link, and `..` is to be of where it leads.
    return judgeDevice(machine, `${folder}/..`, deeper);
  }
  if (slaves.kind !== 'names')
    return {
      kind: 'unknown',
      how: 'what it lies on cannot be read',
      evidence: [...seen, saw(`${folder}/slaves`, 'not to be read')],
    };
  return {
    kind: 'plain',
    how: 'the device below is not encrypted by this system',
    evidence: [...seen, saw(`${folder}/slaves`, 'empty: the last layer, and none of them is dm-crypt')],
  };
}

/** A mapping of dm-crypt can be made with a cipher that does nothing; only root is told. */
async function judgeCipher(
  machine: Machine,
  folder: string,
  { cipher, seen }: { readonly cipher: string; readonly seen: readonly Evidence[] },
): Promise<Layer> {
  const device = await machine.readFile(`${folder}/dev`);
  const [major, minor] = device.kind === 'text' ? device.text.trim().split(':') : [];
  const args = ['table', '-j', major ?? '', '-m', minor ?? ''];
  const table = major === undefined || minor === undefined ? null : await machine.run('dmsetup', args);
  const name = table?.kind === 'ran' && table.code === 0 ? /\bcrypt (\S+)/.exec(table.out)?.[1] : undefined;
  // Never the line itself: a key could stand in it.
  const evidence = name === undefined ? seen : [...seen, saw(`dmsetup ${args.join(' ')}`, `cipher ${name}`)];
  if (name !== undefined && /null/i.test(name))
    return { kind: 'plain', how: 'dm-crypt with a cipher that does nothing', evidence };
  return { kind: 'encrypted', how: `dm-crypt (${cipher})`, evidence };
}

async function judgeZram(machine: Machine, folder: string): Promise<Layer> {
  const backing = await machine.readFile(`${folder}/backing_dev`);
  if (backing.kind === 'unreadable' || (backing.kind === 'text' && backing.text.trim() !== 'none'))
    return {
      kind: 'unknown',
      how: 'zram that writes back to a device',
      evidence: [sawFile(`${folder}/backing_dev`, backing)],
    };
  return { kind: 'memory', how: 'zram, kept in memory', evidence: [saw(folder, 'a zram device')] };
}

/** Of several layers that hold parts of the same data the weakest counts. */
export function weakest(layers: readonly Layer[]): Layer {
  const evidence = layers.flatMap((layer) => layer.evidence);
  const found =
    layers.find(({ kind }) => kind === 'plain') ??
    layers.find(({ kind }) => kind === 'unknown') ??
    layers.find(({ kind }) => kind === 'encrypted') ??
    layers[0];
  return found === undefined
    ? { kind: 'unknown', how: 'nothing was found below it', evidence }
    : { ...found, evidence };
}

function withEvidence(layer: Layer, evidence: readonly Evidence[]): Layer {
  return { ...layer, evidence: [...evidence, ...layer.evidence] };
}
