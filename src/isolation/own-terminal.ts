const SETPRIV = '/usr/bin/setpriv';
const SCRIPT = '/usr/bin/script';

/**
 * The command that runs `wall` on a terminal made for it. Whatever the zone types into its terminal, or does to it,
 * reaches that one only: the one that we were started on stays with `script`, outside. `setpriv` ends it with us.
 */
export function onOwnTerminal(wall: readonly string[]): string[] {
  const command = ['exec', ...wall].map((word, at) => (at === 0 ? word : quote(word))).join(' ');
  return [
    SETPRIV,
    '--pdeathsig',
    'KILL',
    '--',
    SCRIPT,
    '--quiet',
    '--return',
    '--flush',
    '--command',
    command,
    '/dev/null',
  ];
}

/** One word for a shell, whatever stands in it: `script` takes a command line and nothing else. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
