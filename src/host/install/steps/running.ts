import { HardshellError } from '../../../contracts/index.ts';
import type { Entry } from '../journal.ts';
import { quote, type CommandStep, type UnitStep } from '../plan.ts';
import { linkHandler, undoLink } from './file.ts';
import type { Handler, Site, Undone } from './observed.ts';

const SYSTEMCTL = '/usr/bin/systemctl';

/** A command changes the running system: where only a tree is filled, there is nothing to run it on. */
export const commandHandler: Handler<CommandStep> = {
  identity: ({ identity }) => identity,
  subject: ({ argv }) => argv.join(' '),
  observe: (step, site, entry) => {
    if (!site.target.live) return { kind: 'left', hint: `on the machine: ${step.argv.map(quote).join(' ')}` };
    if (!site.run(step.check).ok) return { kind: 'absent' };
    return entry?.made === step.identity ? { kind: 'match' } : { kind: 'other', identity: entry?.made ?? '' };
  },
  before: () => ({ kind: 'absent' }),
  make: (step, site) => must(site, step.argv),
};

export function undoCommand(entry: Entry, site: Site): Undone {
  if (entry.undo === null || !site.target.live) return 'stays';
  must(site, entry.undo);
  return 'removed';
}

export const unitHandler: Handler<UnitStep> = {
  identity: (step) => linkHandler.identity({ ...step, kind: 'link' }),
  subject: ({ path }) => path,
  observe: (step, site, entry) => {
    const link = linkHandler.observe({ ...step, kind: 'link' }, site, entry);
    if (link.kind !== 'match' || !site.hasSystemd || !step.start) return link;
    return site.run([SYSTEMCTL, 'is-active', '--quiet', step.name]).ok ? link : { kind: 'other', identity: step.to };
  },
  before: (step, site) => linkHandler.before({ ...step, kind: 'link' }, site),
  make: (step, site) => {
    linkHandler.make({ ...step, kind: 'link' }, site);
    if (!site.hasSystemd) return;
    must(site, [SYSTEMCTL, 'daemon-reload']);
    if (step.start) must(site, [SYSTEMCTL, 'start', step.name]);
  },
};

/** Stops first: a unit whose file is gone could not be told any more. */
export function undoUnit(entry: Entry, site: Site): Undone {
  if (site.hasSystemd) must(site, [SYSTEMCTL, 'stop', entry.subject.slice(entry.subject.lastIndexOf('/') + 1)]);
  const undone = undoLink(entry, site);
  if (site.hasSystemd) must(site, [SYSTEMCTL, 'daemon-reload']);
  return undone;
}

function must(site: Site, argv: readonly string[]): void {
  const { ok, said } = site.run(argv);
  if (ok) return;
  const message = `\`${argv.map(quote).join(' ')}\` failed: ${said}; mend that and run this again, it goes on where it stopped`;
  throw new HardshellError('unavailable', message, { fate: 'retry' });
}
