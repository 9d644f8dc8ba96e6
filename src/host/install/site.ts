import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { InstallEvent } from './apply.ts';
import type { Journal } from './journal.ts';
import type { Target } from './paths.ts';
import type { Site } from './steps/observed.ts';

/** What the machine does for an installation; tests hand in another one. */
export interface SitePorts {
  readonly run: Site['run'];
  /** A service manager runs here and can be asked. */
  readonly systemdRuns: () => boolean;
}

const COMMAND_MS_MAX = 120_000;

export const THIS_MACHINE: SitePorts = {
  run: ([command = '', ...args]) => {
    const done = spawnSync(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      encoding: 'utf8',
      timeout: COMMAND_MS_MAX,
    });
    const said = done.error?.message ?? `${done.stderr}${done.stdout}`;
    return {
      ok: done.status === 0,
      said: said
        .replaceAll(/[^ -~]+/g, ' ')
        .trim()
        .slice(0, 300),
    };
  },
  // What systemd's own libraries ask (`sd_booted`).
  systemdRuns: () => existsSync('/run/systemd/system'),
};

export function makeSite(
  target: Target,
  ports: SitePorts,
  journal: Journal | undefined,
  tell: (event: InstallEvent) => void,
): Site {
  return {
    target,
    run: ports.run,
    hasSystemd: target.live && ports.systemdRuns(),
    backUp: (path) => {
      if (journal === undefined) throw new TypeError('nothing is kept before there is a journal');
      return journal.backUp(path);
    },
    backupPath: (name) => {
      if (journal === undefined) throw new TypeError('nothing was kept before there was a journal');
      return journal.backupPath(name);
    },
    tell: (text) => tell({ event: 'told', text }),
  };
}
