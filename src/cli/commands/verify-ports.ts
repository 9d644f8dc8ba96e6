import type { VerifyPorts } from '../../host/index.ts';
import type { Context } from '../context.ts';

/** The attack list, run in zones like the running ones; absent where it does not come with this build. */
export function proofPort(_context: Context): VerifyPorts['proveZones'] {
  return 'absent';
}

/** The rules of the kernel for the users of an installation; null where they do not come with this build. */
export function firewallPort(_context: Context): VerifyPorts['tryFirewall'] {
  return null;
}
