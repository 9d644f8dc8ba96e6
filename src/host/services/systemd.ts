import { INSTALLED } from '../../contracts/index.ts';
import { sandboxOptions, type Option } from './sandbox.ts';
import { unitName, type ProcessSpec } from './table.ts';

export const UNIT_FOLDER = '/etc/systemd/system';
export const FIREWALL_FILE = `${INSTALLED.settings}/firewall.nft`;

export interface UnitOptions {
  /** Where the running version lies: a link that an update moves. */
  readonly current: string;
  /** The owner wants one account for everything: no uid for each zone, and no root. */
  readonly oneAccount: boolean;
  readonly nft: string;
}

type Section = readonly [name: string, options: readonly Option[]];

/** The unit of one process of the table. It must have a unit of its own. */
export function renderUnit(process: ProcessSpec, options: UnitOptions): string {
  if (process.place.kind !== 'unit') throw new TypeError(`${process.name} runs in the tree of the supervisor`);
  const { sandbox } = process.place;
  switch (sandbox) {
    case 'walls':
      return write(process, wallsSections(process, options));
    case 'rules':
      return write(process, rulesSections(process, options));
    case 'plain':
      return write(process, plainSections(process, options));
    default:
      return sandbox satisfies never;
  }
}

const START_LIMIT: readonly Option[] = [
  ['StartLimitIntervalSec', '300'],
  ['StartLimitBurst', '5'],
];

/** After a stop the armed record is void: what is started then refuses, and is not started over and over. */
const RESTART: readonly Option[] = [
  ['Restart', 'on-abnormal'],
  ['RestartSec', '2'],
];

function programOf({ current }: UnitOptions, program: string): string {
  return `${current}/bin/node --disable-warning=ExperimentalWarning ${current}/dist/${program}/main.mjs`;
}

function wallsSections(process: ProcessSpec, options: UnitOptions): Section[] {
  const own: Option[] = options.oneAccount
    ? [
        ['User', 'hardshell'],
        ['Group', 'hardshell'],
      ]
    : [];
  const sandbox = sandboxOptions(process, 'walls').filter(
    ([key]) => !(options.oneAccount && key === 'CapabilityBoundingSet'),
  );
  return [
    [
      'Unit',
      [
        ['Requires', 'hardshell-firewall.service'],
        ['After', 'hardshell-firewall.service network.target local-fs.target systemd-tmpfiles-setup.service'],
        ['RequiresMountsFor', `${INSTALLED.state} ${INSTALLED.mail} ${INSTALLED.chats}`],
        ...START_LIMIT,
      ],
    ],
    [
      'Service',
      [
        ['Type', 'exec'],
        ...own,
        ['ExecStart', programOf(options, 'supervisor')],
        ['WorkingDirectory', '/'],
        ['Environment', `HARDSHELL_DEPLOYMENT=installed HARDSHELL_HOME=${INSTALLED.home}`],
        // Settings may name variables: the owner puts them here, and only root can read it.
        ['EnvironmentFile', `-${INSTALLED.settings}/environment`],
        ['UnsetEnvironment', 'NODE_OPTIONS NODE_PATH LD_PRELOAD LD_LIBRARY_PATH'],
        ...RESTART,
        ['KillMode', 'mixed'],
        ['TimeoutStopSec', '10'],
        ['OOMPolicy', 'continue'],
        ['TasksMax', '4096'],
        ['MemoryMax', process.memoryMax],
        ...sandbox,
        ...(options.oneAccount ? ([['CapabilityBoundingSet', '']] as const) : []),
      ],
    ],
    ['Install', [['WantedBy', 'multi-user.target']]],
  ];
}

/** Stopping it leaves the rules in place: they go with `uninstall` only. */
function rulesSections(process: ProcessSpec, { nft }: UnitOptions): Section[] {
  return [
    [
      'Unit',
      [
        ['DefaultDependencies', 'no'],
        ['After', 'local-fs.target systemd-sysctl.service nftables.service'],
        ['Before', 'network-pre.target shutdown.target'],
        ['Wants', 'network-pre.target'],
        ['Conflicts', 'shutdown.target'],
      ],
    ],
    [
      'Service',
      [
        ['Type', 'oneshot'],
        ['RemainAfterExit', 'yes'],
        ['ExecStartPre', `${nft} -c -f ${FIREWALL_FILE}`],
        ['ExecStart', `${nft} -f ${FIREWALL_FILE}`],
        ['ExecReload', `${nft} -f ${FIREWALL_FILE}`],
        ['TimeoutStartSec', '30'],
        ['MemoryMax', process.memoryMax],
        ...sandboxOptions(process, 'rules'),
      ],
    ],
    ['Install', [['WantedBy', 'multi-user.target']]],
  ];
}

function plainSections(process: ProcessSpec, options: UnitOptions): Section[] {
  const account = process.account === 'root' ? 'root' : process.account.name;
  return [
    ['Unit', [['After', 'hardshell.service'], ['Wants', 'hardshell.service'], ...START_LIMIT]],
    [
      'Service',
      [
        ['Type', 'exec'],
        ['User', account],
        ['Group', account],
        ['ExecStart', programOf(options, process.program ?? process.name)],
        ['WorkingDirectory', '/'],
        ['Environment', `HARDSHELL_DEPLOYMENT=installed HARDSHELL_HOME=${INSTALLED.home}`],
        ['UnsetEnvironment', 'NODE_OPTIONS NODE_PATH LD_PRELOAD LD_LIBRARY_PATH'],
        ...RESTART,
        ['TimeoutStopSec', '5'],
        ['TasksMax', '64'],
        ['MemoryMax', process.memoryMax],
        ...sandboxOptions(process, 'plain'),
      ],
    ],
    ['Install', [['WantedBy', 'multi-user.target']]],
  ];
}

function write(process: ProcessSpec, sections: readonly Section[]): string {
  const parts = sections.map(([name, options]) => {
    const all: readonly Option[] = name === 'Unit' ? [['Description', process.what], ...options] : options;
    return `[${name}]\n${all.map(([key, value]) => `${key}=${value}\n`).join('')}`;
  });
  return `# ${unitName(process)}: written by \`hardshell install\`; put changes of yours into a drop-in beside it\n${parts.join('\n')}`;
}
