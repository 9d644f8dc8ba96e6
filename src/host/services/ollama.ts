import type { Option } from './sandbox.ts';

/** How the local model server is tuned: answers only this machine, keeps two models ready, no page may call it. */
export const OLLAMA_ENVIRONMENT: Readonly<Record<string, string>> = {
  OLLAMA_HOST: '127.0.0.1:11434',
  OLLAMA_ORIGINS: '',
  OLLAMA_KEEP_ALIVE: '24h',
  OLLAMA_MAX_LOADED_MODELS: '2',
  OLLAMA_NUM_PARALLEL: '2',
  OLLAMA_FLASH_ATTENTION: '1',
  OLLAMA_KV_CACHE_TYPE: 'q8_0',
};

export const OLLAMA_LOG = '/var/log/ollama/ollama.log';
/** Below this share of free memory the alarm goes off, in per cent. */
export const MEMORY_ALARM_PERCENT = 8;

export function renderOllamaDropIn(): string {
  const environment = Object.entries(OLLAMA_ENVIRONMENT).map(([name, value]): Option => [
    'Environment',
    `"${name}=${value}"`,
  ]);
  return unitText('ollama.service.d/hardshell.conf', [
    ['Unit', [['Wants', 'hardshell-model-preload.service']]],
    [
      'Service',
      [
        ...environment,
        ['LogsDirectory', 'ollama'],
        ['LogsDirectoryMode', '0750'],
        ['StandardOutput', `append:${OLLAMA_LOG}`],
        ['StandardError', `append:${OLLAMA_LOG}`],
        ['NoNewPrivileges', 'yes'],
        ['ProtectSystem', 'full'],
        ['PrivateTmp', 'yes'],
      ],
    ],
  ]);
}

/** The log is copied and cut: the server keeps its descriptor. */
export function renderLogRotation(): string {
  return [
    '# Written by `hardshell install --with-ollama`.',
    `${OLLAMA_LOG} {`,
    '    size 20M',
    '    rotate 5',
    '    compress',
    '    delaycompress',
    '    missingok',
    '    notifempty',
    '    copytruncate',
    '    su root root',
    '}',
    '',
  ].join('\n');
}

/** One unit of the care of the model: what it runs, when, and what is wrong when it fails. */
export interface CareUnit {
  readonly name: string;
  readonly service: string;
  readonly timer: string | null;
}

export function renderCareUnits(models: readonly string[], current: string): CareUnit[] {
  const run = (words: string): string =>
    `${current}/bin/node ${current}/dist/model-care/main.mjs ${words} --url http://${OLLAMA_ENVIRONMENT['OLLAMA_HOST'] ?? ''}`;
  return [
    {
      name: 'hardshell-model-preload',
      service: careService('loads the router and the executor model', run(`preload ${models.join(' ')}`), 900),
      timer: null,
    },
    {
      name: 'hardshell-model-health',
      service: careService('asks the model server whether it serves', run(`health ${models.join(' ')}`), 20),
      timer: careTimer('hardshell-model-health', '2min', '1min'),
    },
    {
      name: 'hardshell-model-memory',
      service: careService('raises an alarm when memory runs short', run(`memory ${MEMORY_ALARM_PERCENT}`), 20),
      timer: careTimer('hardshell-model-memory', '3min', '1min'),
    },
  ];
}

const CARE_SANDBOX: readonly Option[] = [
  ['DynamicUser', 'yes'],
  ['NoNewPrivileges', 'yes'],
  ['ProtectSystem', 'strict'],
  ['ProtectHome', 'yes'],
  ['PrivateTmp', 'yes'],
  ['PrivateDevices', 'yes'],
  ['PrivateUsers', 'yes'],
  ['ProtectClock', 'yes'],
  ['ProtectHostname', 'yes'],
  ['ProtectKernelTunables', 'yes'],
  ['ProtectKernelModules', 'yes'],
  ['ProtectKernelLogs', 'yes'],
  ['ProtectControlGroups', 'yes'],
  ['ProtectProc', 'invisible'],
  ['RestrictNamespaces', 'yes'],
  ['RestrictRealtime', 'yes'],
  ['RestrictSUIDSGID', 'yes'],
  ['RestrictAddressFamilies', 'AF_INET AF_INET6 AF_UNIX'],
  ['LockPersonality', 'yes'],
  ['RemoveIPC', 'yes'],
  ['KeyringMode', 'private'],
  ['CapabilityBoundingSet', ''],
  ['SystemCallArchitectures', 'native'],
  ['SystemCallFilter', '@system-service'],
  ['SystemCallFilter', '~@privileged @resources'],
  ['SystemCallErrorNumber', 'EPERM'],
  ['IPAddressDeny', 'any'],
  ['IPAddressAllow', 'localhost'],
  ['UMask', '0077'],
  ['MemoryMax', '256M'],
  ['TasksMax', '32'],
];

function careService(what: string, command: string, secondsMax: number): string {
  return unitText('model care', [
    [
      'Unit',
      [
        ['Description', `Hardshell: ${what}`],
        ['After', 'ollama.service'],
        ['Requisite', 'ollama.service'],
      ],
    ],
    [
      'Service',
      [['Type', 'oneshot'], ['ExecStart', command], ['TimeoutStartSec', String(secondsMax)], ...CARE_SANDBOX],
    ],
    ['Install', [['WantedBy', 'multi-user.target']]],
  ]);
}

function careTimer(name: string, first: string, every: string): string {
  return unitText('model care', [
    ['Unit', [['Description', `Hardshell: when ${name} runs`]]],
    [
      'Timer',
      [
        ['OnBootSec', first],
        ['OnUnitActiveSec', every],
        ['AccuracySec', '10s'],
        ['Unit', `${name}.service`],
      ],
    ],
    ['Install', [['WantedBy', 'timers.target']]],
  ]);
}

function unitText(title: string, sections: readonly (readonly [string, readonly Option[]])[]): string {
  const parts = sections.map(
    ([name, options]) => `[${name}]\n${options.map(([key, value]) => `${key}=${value}\n`).join('')}`,
  );
  return `# ${title}: written by \`hardshell install --with-ollama\`\n${parts.join('\n')}`;
}
