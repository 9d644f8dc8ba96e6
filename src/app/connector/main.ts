import { Socket } from 'node:net';
import { openChats, openMaildir, serveConnector, type Provider } from '../../connectors/index.ts';
import { CONNECTOR_NAMES, type ConnectorName } from '../../contracts/index.ts';

/** The socket to the executor, inherited connected. */
const EXECUTOR_FD = 3;
const OPEN: Readonly<Record<ConnectorName, (path: string) => Promise<Provider>>> = {
  maildir: (path) => openMaildir({ path }),
  chats: (path) => openChats({ path }),
};

// Which provider, and where the sandbox shows its folder: the supervisor's fixed table says so.
const { HARDSHELL_CONNECTOR: given, HARDSHELL_FOLDER: path = '/folder' } = process.env;
const name = CONNECTOR_NAMES.find((known) => known === given);
if (name === undefined) {
  process.stderr.write(`connector: unknown provider; this build has ${CONNECTOR_NAMES.join(', ')}\n`);
  process.exit(2);
}
try {
  const provider = await OPEN[name](path);
  await serveConnector(new Socket({ fd: EXECUTOR_FD, readable: true, writable: true }), provider);
  process.exit(0);
} catch (error) {
  // Codes and our own words only: a message of the system could carry a name from the folder.
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : 'fault';
  process.stderr.write(`connector: stopped (${code})\n`);
  process.exit(1);
}
