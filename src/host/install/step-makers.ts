import { UNIT_FOLDER } from '../services/systemd.ts';
import { ROOT, type DirectoryStep, type FileStep, type Owner, type Step } from './plan.ts';

/** A unit file, and the link that starts it at boot. */
export function enabled(name: string, unit: string, what: string, wanted = 'multi-user.target'): Step[] {
  const wants = `${UNIT_FOLDER}/${wanted}.wants`;
  return [
    text(`${UNIT_FOLDER}/${name}`, 0o644, unit, what),
    shared(wants),
    {
      kind: 'unit',
      id: `unit:${name}`,
      what: 'starts at boot, and now where a service manager runs',
      name,
      path: `${wants}/${name}`,
      to: `../${name}`,
      start: true,
    },
  ];
}

/** A folder of the system's that may be missing in a small image. */
export function shared(path: string): DirectoryStep {
  return { ...directory(path, 0o755, 'a folder of the system'), holds: 'shared' };
}

export function text(path: string, mode: number, content: string, what: string): FileStep {
  return { kind: 'file', id: `file:${path}`, what, path, mode, owner: ROOT, content: { kind: 'text', text: content } };
}

export function directory(path: string, mode: number, what: string, owner: Owner = ROOT): DirectoryStep {
  return { kind: 'directory', id: `directory:${path}`, what, path, mode, owner, holds: 'ours' };
}
