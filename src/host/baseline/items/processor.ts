import { cannotTell, fail, named, pass, saw, type Judgement } from '../evidence.ts';
import type { Machine } from '../machine.ts';

const FOLDER = '/sys/devices/system/cpu/vulnerabilities';
const REMEDY =
  'install the microcode of the vendor (`intel-microcode` or `amd64-microcode`) and the newest kernel; in a virtual machine, whoever runs the one below has to';

/** What the kernel says of known flaws of the processor, through which one zone could read another. */
export async function lookAtProcessor(machine: Machine): Promise<Judgement> {
  const listing = await machine.list(FOLDER);
  if (listing.kind !== 'names' || listing.names.length === 0) {
    const evidence = [saw(FOLDER, listing.kind === 'names' ? 'empty' : 'not to be read')];
    return cannotTell({ found: 'the kernel does not say', evidence, remedy: REMEDY });
  }
  const said = await Promise.all(
    listing.names.map(async (name) => {
      const reading = await machine.readFile(`${FOLDER}/${name}`);
      return { name, text: reading.kind === 'text' ? reading.text.trim() : 'unknown' };
    }),
  );
  const open = said.filter(({ text }) => /\bvulnerable\b/i.test(text));
  const unknown = said.filter(
    (flaw) => !open.includes(flaw) && !/^(?:KVM: )?(?:Mitigation|Not affected)\b/.test(flaw.text),
  );
  const microcode = await machine.readFile('/proc/cpuinfo');
  const version = microcode.kind === 'text' ? /^microcode\s*:\s*(\S+)/m.exec(microcode.text)?.[1] : undefined;
  const evidence = [
    ...(open.length > 0 ? open : unknown).map(({ name, text }) => saw(`${FOLDER}/${name}`, text)),
    ...(version === undefined ? [] : [saw('/proc/cpuinfo', `microcode ${version}`)]),
  ];
  const names = (flaws: typeof said): string => flaws.map(({ name }) => named(name)).join(', ');
  if (open.length > 0) return fail({ found: `open: ${names(open)}`, evidence, remedy: REMEDY });
  if (unknown.length > 0) return cannotTell({ found: `not known: ${names(unknown)}`, evidence, remedy: REMEDY });
  return pass(`${said.length} known flaws: none of them open`, [
    saw(FOLDER, 'each is mitigated or absent'),
    ...evidence,
  ]);
}
