import type { Suite } from '../attack.ts';
import { agents } from './agents.ts';
import { approvals } from './approvals.ts';
import { caps } from './caps.ts';
import { containers } from './containers.ts';
import { crash } from './crash.ts';
import { disk } from './disk.ts';
import { egress } from './egress.ts';
import { escape } from './escape.ts';
import { files } from './files.ts';
import { locks } from './locks.ts';
import { mail } from './mail.ts';
import { reader } from './reader.ts';
import { rules } from './rules.ts';
import { sessions } from './sessions.ts';
import { stop } from './stop.ts';
import { tokens } from './tokens.ts';
import { zone } from './zone.ts';
import { wire } from './wire.ts';

/** Every suite, in the order in which it is tried. */
export const SUITES: readonly Suite[] = [
  tokens,
  wire,
  sessions,
  approvals,
  stop,
  files,
  crash,
  reader,
  zone,
  escape,
  containers,
  agents,
  egress,
  locks,
  mail,
  rules,
  caps,
  disk,
];
