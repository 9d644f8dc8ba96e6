/** Where a process finds its things, the same for root and for an ordinary user. */
export const INSIDE = {
  home: '/var/lib/hardshell',
  run: '/var/lib/hardshell/run',
  bridge: '/var/run/zone-bridge',
  modelBridge: '/var/run/model-bridge',
  modelBridges: '/var/run/model-bridges',
  modelRelay: '/var/run/model-relay',
  egressBridge: '/var/run/egress-bridge',
  egressBridges: '/var/run/egress-bridges',
  egressEvents: '/var/run/egress-events',
  egressLists: '/var/run/egress-lists',
  program: '/app',
  probe: '/probe',
} as const;
