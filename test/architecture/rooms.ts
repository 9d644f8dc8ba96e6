/** What each room may import, as `docs/ARCHITECTURE.md` says it. Packages are named; `node` stands for Node's own. */
export interface Room {
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  readonly node: boolean;
}

const room = (rooms: readonly string[], packages: readonly string[] = [], node = true): Room => ({
  rooms,
  packages,
  node,
});

export const ROOMS: Readonly<Record<string, Room>> = {
  contracts: room([], ['zod', 'canonicalize'], false),
  payloads: room(['contracts'], [], false),
  policy: room(['contracts'], [], false),
  'zone3-reader': room(['contracts'], ['parse5', 'unicode-confusables'], false),
  'zone2-planner': room(['contracts', 'bridge'], ['ai', '@ai-sdk/openai-compatible', 'croner', 'zod']),
  audit: room(['contracts']),
  bridge: room(['contracts'], ['zod']),
  egress: room(['contracts'], ['zod']),
  state: room(['contracts'], ['kysely']),
  config: room(['contracts'], ['zod', 'json5']),
  models: room(['contracts', 'bridge'], ['zod']),
  connectors: room(['contracts', 'bridge']),
  control: room(['contracts', 'audit', 'state'], ['zod', 'unicode-confusables']),
  isolation: room(['contracts'], ['zod']),
  supervisor: room(['contracts', 'isolation', 'control', 'bridge']),
  'zone1-executor': room(['contracts', 'payloads', 'policy', 'control', 'audit', 'state'], ['jose', 'zod', 'croner']),
  host: room(['contracts', 'isolation', 'config', 'audit'], ['zod']),
  cli: room(
    ['contracts', 'bridge', 'config', 'policy', 'control', 'audit', 'isolation', 'state', 'host'],
    ['commander', 'zod', '@cedar-policy/cedar-wasm'],
  ),
  'app/supervisor': room([
    'supervisor',
    'contracts',
    'bridge',
    'config',
    'state',
    'audit',
    'isolation',
    'control',
    'host',
  ]),
  'app/run': room(['supervisor', 'contracts', 'bridge', 'config', 'state', 'isolation'], ['zod']),
  'app/probe': room(['isolation', 'contracts']),
  'app/zone-guest': room(['isolation', 'contracts']),
  'app/executor': room(
    ['zone1-executor', 'contracts', 'bridge', 'config', 'state', 'audit', 'policy', 'control', 'payloads'],
    ['@cedar-policy/cedar-wasm', 'zod'],
  ),
  'app/reader': room(['zone3-reader', 'contracts', 'bridge']),
  'app/planner': room(['zone2-planner', 'contracts', 'bridge']),
  'app/connector': room(['connectors', 'contracts', 'bridge']),
  'app/model': room(['models', 'contracts', 'bridge']),
  'app/model-care': room([]),
  'app/egress': room(['egress', 'contracts', 'bridge']),
};
