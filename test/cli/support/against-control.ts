import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { challenge, list, shown, summary } from './answers.ts';
import { CliUnderTest } from './run-cli.ts';
import { ScriptedControl } from './scripted-control.ts';

/** The packed command line of the test file. */
export let cli: CliUnderTest;
/** The control socket of the test that runs. */
export let control: ScriptedControl;

/** Packs the command line once and gives every test a control socket that answers `handlers`, and no frame off the wire. */
export function againstControl(
  handlers: () => ScriptedControl['handlers'] = () => ({ presence_challenge: () => challenge() }),
): void {
  beforeAll(async () => {
    cli = await CliUnderTest.pack();
  });
  afterAll(() => cli.remove());
  beforeEach(async () => {
    control = await ScriptedControl.listen(cli.paths.controlSocket);
    control.handlers = handlers();
  });
  afterEach(async () => {
    await control.close();
    expect(control.problems).toEqual([]);
  });
}

/** One approval that waits and takes either answer. */
export function oneApproval(): ScriptedControl['handlers'] {
  return {
    approvals_list: () => list(summary()),
    approvals_show: () => shown(),
    presence_challenge: () => challenge(),
    approvals_answer: ({ verdict }) => ({
      type: 'approvals_answer',
      approval: summary({ state: verdict === 'approve' ? 'approved' : 'denied' }),
    }),
  };
}
