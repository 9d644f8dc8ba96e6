// Installs what the tests need from the system's packages, or says which command an administrator has to run.
import { spawnSync } from 'node:child_process';
import { setupDocker } from './setup-docker.mjs';
import { setupLlama } from './setup-llama.mjs';
import { setupNodeNext } from './setup-node-next.mjs';

const needed = [
  { command: 'bwrap', packages: ['bubblewrap'] },
  // The programs of the escape list are read by one that shares no line with them, and run for the other machine too.
  { command: 'strace', packages: ['strace'] },
  { command: process.arch === 'arm64' ? 'qemu-x86_64' : 'qemu-aarch64', packages: ['qemu-user'] },
  // The fake internet of the egress tests: namespaces joined by a cable, packet filter rules, certificates.
  { command: 'nft', packages: ['nftables'] },
  { command: 'ip', packages: ['iproute2'] },
  { command: 'openssl', packages: ['openssl'] },
  // The verifier of the documentation, which shares no line with ours.
  { command: 'python3', packages: ['python3'] },
  // An image with one static program, and a reader of filters in the kernel.
  { command: 'gcc', packages: ['gcc', 'libc6-dev'] },
  // Real file systems that the baseline is held to.
  { command: 'mkfs.ext4', packages: ['e2fsprogs'] },
  // Units are verified and rated, rules loaded, logs rotated and accounts judged by the real programs.
  { command: 'systemd-analyze', packages: ['systemd'] },
  { command: '/usr/sbin/logrotate', packages: ['logrotate'] },
  { command: 'sudo', packages: ['sudo'] },
];
// An ordinary user's path often lacks the folders of the administrator's tools.
const env = { ...process.env, PATH: `${process.env.PATH ?? ''}:/usr/sbin:/sbin` };
const missing = needed.filter(
  ({ command }) => spawnSync(command, ['--version'], { stdio: 'ignore', env }).error !== undefined,
);
if (missing.length > 0) {
  const packages = missing.flatMap((tool) => tool.packages);
  const command = `apt-get install -y ${packages.join(' ')}`;
  if (process.getuid?.() !== 0) {
    console.error(`tests need ${packages.join(', ')}; ask an administrator to run: ${command}`);
    process.exit(1);
  }
  console.log(`installing ${packages.join(', ')} (needed by the tests)`);
  const run = (args) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    }).status;
  run(['update']);
  if (run(['install', '-y', '--no-install-recommends', ...packages]) !== 0) process.exit(1);
}
setupDocker();
setupLlama();
setupNodeNext();
