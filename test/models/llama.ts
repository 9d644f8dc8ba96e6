import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startRelay } from '../../src/supervisor/relay.ts';
import { ROOT } from '../zone2-planner/pack.ts';
import { start, until, walled, plannerFlags, ZONE_FLAGS, type Child } from '../zone2-planner/processes.ts';
import type { ScriptedZone1 } from '../zone2-planner/scripted-zone1.ts';

export interface Packed {
  readonly planner: string;
  readonly model: string;
}

/** Planner → model gateway → relay → real llama.cpp, each in a process of its own. */
export interface ModelLine {
  /** A planner for this session, in a sandbox without network. */
  readonly planner: (zone1: ScriptedZone1, env?: Record<string, string>) => Child;
  /** Bodies that reached the model server. */
  readonly bodies: () => {
    headers: Record<string, string>;
    body: { messages: { role: string; content: unknown }[]; tools?: unknown[] };
  }[];
  readonly gatewayOutput: () => string;
  readonly modelSocket: string;
  readonly close: () => Promise<void>;
}

/** The line with a model that says exactly `script`, whatever it is asked. */
export async function modelLine(packed: Packed, script: string): Promise<ModelLine> {
  const directory = mkdtempSync(join(tmpdir(), 'hs-line-'));
  const { makeGguf } = (await load('test/support/make-tiny-gguf.mjs')) as { makeGguf: (options: object) => Buffer };
  writeFileSync(join(directory, 'tiny.gguf'), makeGguf({ script, ctx: 16_384, dim: 256 }));
  const log = join(directory, 'requests.jsonl');
  writeFileSync(log, '');
  const server = start(
    process.execPath,
    [join(ROOT, 'test/support/llama-server.mjs'), await installLlama(), join(directory, 'tiny.gguf'), log],
    {},
  );
  if (!(await until(() => /^\d+$/m.test(server.output()))))
    throw new Error(`llama.cpp did not start: ${server.output()}`);
  const port = Number(/^\d+$/m.exec(server.output())?.[0]);
  const relay = await startRelay(join(directory, 'relay.sock'), { host: '127.0.0.1', port }, 0o600);
  const sockets = join(directory, 'model-bridges');
  mkdirSync(join(sockets, 'zone2-planner'), { recursive: true });
  const env = { HARDSHELL_MODEL_SOCKETS: sockets, HARDSHELL_MODEL_RELAY: join(directory, 'relay.sock') };
  const gateway = start(...walled(process.execPath, [...ZONE_FLAGS, join(packed.model, 'main.mjs')], [sockets]), env);
  const modelSocket = join(sockets, 'zone2-planner', 'model.sock');
  const planner = (zone1: ScriptedZone1, extra: Record<string, string> = {}): Child => {
    const flags = plannerFlags([packed.planner, zone1.directory, join(sockets, 'zone2-planner')]);
    return start(...walled(process.execPath, [...flags, join(packed.planner, 'main.mjs')]), {
      HARDSHELL_BRIDGE_SOCKET: zone1.socketPath,
      HARDSHELL_MODEL_SOCKET: modelSocket,
      ...extra,
    });
  };
  return {
    planner,
    modelSocket,
    gatewayOutput: gateway.output,
    bodies: () =>
      readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line)),
    close: async () => {
      await gateway.kill();
      relay.close();
      await server.kill();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The entry file of real llama.cpp. Throws, loudly, when it is not there and cannot be installed. */
export async function installLlama(): Promise<string> {
  const { setupLlama } = (await load('scripts/setup-llama.mjs')) as { setupLlama: () => string };
  return setupLlama();
}

/** A script of ours that has no types. */
async function load(path: string): Promise<unknown> {
  return await import(pathToFileURL(join(ROOT, path)).href);
}
