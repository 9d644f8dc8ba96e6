import { Socket } from 'node:net';
import { openMaildir, serveConnector } from '../../connectors/index.ts';

/** The socket to the executor, inherited connected. */
const EXECUTOR_FD = 3;
const [name = 'maildir'] = process.argv.slice(2);
/** Where the sandbox shows the mail folder; the supervisor's fixed table says so. */
const path = process.env['HARDSHELL_MAIL'] ?? '/mail';
if (name !== 'maildir') {
  process.stderr.write('connector: unknown provider; this build has `maildir`\n');
  process.exit(2);
}
try {
  const provider = await openMaildir({ path });
  await serveConnector(new Socket({ fd: EXECUTOR_FD, readable: true, writable: true }), provider);
  process.exit(0);
} catch (error) {
  // Codes and our own words only: a message of the system could carry a name from the mail folder.
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'fault';
  process.stderr.write(`connector: stopped (${code})\n`);
  process.exit(1);
}
