import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BASELINE_ITEMS, renderBaseline, takeBaseline, type Baseline, type Machine } from '../../../src/host/index.ts';
import { DEBIAN_LUKS } from '../machines/debian-luks.ts';
import { MAC_HOME, MAC_OPEN_HOME, MACOS_KEPT, MACOS_OPEN } from '../machines/macos.ts';
import { UBUNTU_HOME, UBUNTU_PLAIN } from '../machines/ubuntu-plain.ts';
import { CLOSED, machineOf, SUBJECT, type MachineData } from '../support.ts';

const MAC_SUBJECT = { ...SUBJECT, userHome: '/Users/ann', user: { name: 'ann', uid: 501, own: true } };

function take(machine: Machine, subject = SUBJECT): Promise<Baseline> {
  return takeBaseline({ machine, subject, items: BASELINE_ITEMS });
}

function verdicts({ entries }: Baseline): Record<string, string> {
  return Object.fromEntries(entries.map(({ id, verdict }) => [id, verdict]));
}

async function of(data: MachineData, subject = SUBJECT): Promise<Record<string, string>> {
  return verdicts(await take(machineOf(data), subject));
}

const everything = (system: Machine['system'], verdict: string): Record<string, string> =>
  Object.fromEntries(BASELINE_ITEMS.filter(({ systems }) => systems.includes(system)).map(({ id }) => [id, verdict]));

describe('whole machines', () => {
  it('passes every item of a well-kept Debian with LUKS', async () => {
    expect(await of(DEBIAN_LUKS)).toEqual(everything('linux', 'pass'));
  });

  it('fails every item of a plain Ubuntu with its home in Dropbox', async () => {
    expect(await of(UBUNTU_PLAIN, { ...SUBJECT, home: UBUNTU_HOME })).toEqual(everything('linux', 'fail'));
  });

  it('passes every item of a well-kept Mac', async () => {
    expect(await of(MACOS_KEPT, { ...MAC_SUBJECT, home: MAC_HOME })).toEqual(everything('darwin', 'pass'));
  });

  it('fails an open Mac wherever there is something to fail', async () => {
    expect(await of(MACOS_OPEN, { ...MAC_SUBJECT, home: MAC_OPEN_HOME, node: '22.1.0' })).toEqual({
      ...everything('darwin', 'fail'),
      // Darwin's version is written down, and not judged.
      kernel: 'pass',
    });
  });
});

describe('silence', () => {
  const closed: Machine = {
    system: 'linux',
    readFile: async () => ({ kind: 'unreadable', why: 'EACCES' }),
    list: async () => ({ kind: 'unreadable', why: 'EACCES' }),
    run: async () => ({ kind: 'unreadable', why: 'no answer in time' }),
  };

  it.each(['linux', 'darwin'] as const)('passes nothing of a %s machine that answers nothing', async (system) => {
    const subject = { ...SUBJECT, node: 'unknown' };
    const empty = verdicts(await take(machineOf({ system, commands: { readlink: CLOSED } }), subject));
    // The version of the Node that runs us is no answer of the machine.
    expect({ ...empty, runtime: 'cannot_tell' }).toEqual(everything(system, 'cannot_tell'));
    const shut = verdicts(await take({ ...closed, system }, subject));
    expect({ ...shut, runtime: 'cannot_tell' }).toEqual(everything(system, 'cannot_tell'));
  });

  it('takes no noise for an answer, and does not break on it', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'binary', maxLength: 200 }).filter((text) => text.trim() !== ''),
        fc.constantFrom('linux', 'darwin'),
        async (noise, system) => {
          const noisy: Machine = {
            system,
            readFile: async () => ({ kind: 'text', text: noise }),
            list: async () => ({ kind: 'names', names: [noise] }),
            run: async () => ({ kind: 'ran', code: 0, out: noise, err: noise }),
          };
          const { entries } = await take(noisy, { ...SUBJECT, node: noise });
          // Whether a sandbox could be tried is told by the exit code.
          const told = entries.filter(({ verdict, id }) => verdict !== 'cannot_tell' && id !== 'user-namespaces');
          expect(told.map(({ id, found }) => `${id}: ${found}`)).toEqual([]);
        },
      ),
    );
  });

  it('says that it cannot tell where the look itself breaks', async () => {
    const broken: Machine = { ...closed, readFile: () => Promise.reject(new Error('\u001b[31mbroken')) };
    const { entries } = await take(broken);
    expect(entries.find(({ id }) => id === 'ptrace')).toMatchObject({
      verdict: 'cannot_tell',
      found: 'the look itself failed: \\u{1b}[31mbroken',
    });
  });
});

describe('the document', () => {
  const now = { takenAt: new Date(0), version: '0.1.0' };

  it('holds each item with its verdict, and for each fail what to do', async () => {
    const baseline = await take(machineOf(UBUNTU_PLAIN), { ...SUBJECT, home: UBUNTU_HOME });
    const text = renderBaseline(baseline, now);
    for (const { title, verdict, remedy } of baseline.entries) {
      expect(text).toContain(`## ${title}: ${verdict === 'fail' ? 'FAIL' : verdict}`);
      if (verdict === 'fail') expect(remedy).not.toBe('');
    }
    expect(text).toContain('`Ubuntu 24.04.1 LTS`');
  });

  it('draws whatever a machine says as what it is', async () => {
    const evil = '\u001b]0;x\u0007`</code>\n# pass\u202e<img src=x>|';
    const noisy: Machine = {
      system: 'linux',
      readFile: async () => ({ kind: 'text', text: evil }),
      list: async () => ({ kind: 'names', names: [evil, '.stfolder'] }),
      run: async (_, args) => ({ kind: 'ran', code: 0, out: args[0] === '-f' ? `/${evil}` : evil, err: evil }),
    };
    const subject = {
      ...SUBJECT,
      home: `/home/${evil}`,
      userHome: `/home/${evil}`,
      user: { name: evil, uid: 1000, own: true },
    };
    const baseline = await take(noisy, subject);
    const text = renderBaseline(baseline, now);
    expect(text).toMatch(/^[\n -~]*$/);
    expect(text.split('\n').filter((line) => line.startsWith('# '))).toEqual(['# Security baseline']);
    // Outside of backticks nothing of it is left that a reader of Markdown would act on.
    expect(text.replaceAll(/`[^`\n]*`/g, '')).not.toMatch(/[<`]/);
    for (const { found, evidence } of baseline.entries)
      for (const part of [found, ...evidence.flatMap(({ source, said }) => [source, said])])
        expect(part).toMatch(/^[ -~]*$/);
  });
});
