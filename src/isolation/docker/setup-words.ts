/** What a setup command may be made of. A list of what is allowed decides; the others only say why. */
export const SETUP_TABLES = {
  /** Programs that arrange files and say things. None of them runs another, opens a socket or changes an identity. */
  programs: new Set([
    ...['mkdir', 'touch', 'cp', 'mv', 'ln', 'rm', 'rmdir', 'install', 'chmod', 'cat', 'echo', 'printf', 'true', 'test'],
    ...['ls', 'head', 'tail', 'wc', 'cut', 'tr', 'sort', 'uniq', 'basename', 'dirname', 'date', 'pwd', 'id', 'uname'],
    ...['tar', 'gzip', 'gunzip', 'unzip', 'sha256sum', 'diff', 'cmp', 'stat', 'realpath', 'readlink', 'du', 'df'],
    ...['git', 'npm'],
  ]),
  places: ['/bin', '/usr/bin', '/usr/local/bin', '/sbin', '/usr/sbin'],
  /** Families of programs that people try, each with what is wrong with it. */
  refused: {
    'talks to a network': [
      ...['curl', 'wget', 'nc', 'ncat', 'netcat', 'socat', 'ssh', 'scp', 'sftp', 'rsync', 'ftp', 'lftp', 'tftp'],
      ...['telnet', 'dig', 'nslookup', 'host', 'drill', 'resolvectl', 'ping', 'ping6', 'traceroute', 'nmap', 'openssl'],
      ...[
        'aria2c',
        'axel',
        'http',
        'https',
        'httpie',
        'xh',
        'w3m',
        'lynx',
        'links',
        'elinks',
        'mail',
        'sendmail',
        'gh',
      ],
      ...[
        'aws',
        'gcloud',
        'az',
        'kubectl',
        'svn',
        'hg',
        'rclone',
        'restic',
        'mosh',
        'whois',
        'ip',
        'ifconfig',
        'route',
      ],
      ...[
        'iptables',
        'nft',
        'tcpdump',
        'busybox',
        'toybox',
        'croc',
        'chisel',
        'ngrok',
        'cloudflared',
        'tor',
        'proxychains',
      ],
    ],
    'downloads packages': [
      ...['apt', 'apt-get', 'aptitude', 'dpkg', 'yum', 'dnf', 'rpm', 'apk', 'pacman', 'zypper', 'brew', 'snap'],
      ...['flatpak', 'nix', 'pip', 'pip3', 'pipx', 'uv', 'uvx', 'poetry', 'conda', 'mamba', 'gem', 'bundle', 'cargo'],
      ...['rustup', 'go', 'composer', 'npx', 'yarn', 'pnpm', 'pnpx', 'bunx', 'corepack', 'cpan', 'luarocks', 'mvn'],
    ],
    'runs programs of its own making': [
      ...['sh', 'bash', 'dash', 'zsh', 'ksh', 'fish', 'ash', 'csh', 'tcsh', 'rbash', 'pwsh', 'python', 'perl', 'ruby'],
      ...['node', 'nodejs', 'deno', 'bun', 'php', 'lua', 'luajit', 'tclsh', 'expect', 'awk', 'gawk', 'mawk', 'nawk'],
      ...['sed', 'ed', 'ex', 'vi', 'vim', 'nvim', 'emacs', 'nano', 'find', 'xargs', 'parallel', 'env', 'nice', 'nohup'],
      ...['timeout', 'time', 'watch', 'eval', 'exec', 'source', 'alias', 'command', 'builtin', 'export', 'set', 'trap'],
      ...['script', 'screen', 'tmux', 'at', 'batch', 'crontab', 'make', 'cmake', 'gcc', 'cc', 'tcc', 'ld', 'as', 'gdb'],
      ...['strace', 'ltrace', 'base64', 'base32', 'xxd', 'tee', 'dd', 'less', 'more', 'man', 'java', 'osascript', 'm4'],
      ...['stdbuf', 'setsid', 'ionice', 'chrt', 'taskset', 'flock', 'run-parts', 'start-stop-daemon', 'jq', 'yq'],
    ],
    'reaches outside its zone': [
      ...['docker', 'podman', 'nerdctl', 'crictl', 'ctr', 'runc', 'crun', 'containerd', 'nsenter', 'unshare', 'mount'],
      ...['umount', 'chroot', 'pivot_root', 'switch_root', 'losetup', 'insmod', 'modprobe', 'rmmod', 'kmod', 'kexec'],
      ...['capsh', 'setcap', 'getcap', 'bwrap', 'firejail', 'lxc', 'lxc-attach', 'machinectl', 'systemctl', 'service'],
      ...[
        'systemd-run',
        'sysctl',
        'mknod',
        'debugfs',
        'fsck',
        'mkfs',
        'fdisk',
        'reboot',
        'shutdown',
        'init',
        'telinit',
      ],
    ],
    'changes who it is': [
      ...['sudo', 'su', 'doas', 'pkexec', 'runuser', 'setpriv', 'gosu', 'su-exec', 'login', 'newgrp', 'sg', 'passwd'],
      ...['useradd', 'usermod', 'groupadd', 'adduser', 'visudo', 'chsh', 'chown', 'chgrp'],
    ],
  } as Readonly<Record<string, readonly string[]>>,
  /** Places that no setup needs, whatever the program: each of them is the host, the engine or the bridge. */
  paths: [
    ...['/proc', '/sys', '/dev', '/run', '/var/run', '/root', '/boot', '/lib/modules', '/etc/shadow', '/etc/sudoers'],
    ...['/etc/passwd', '/etc/group', '/etc/ld.so.preload', '/etc/cron.d', '/etc/crontab', '/var/lib/docker'],
  ],
  /** Names of files and folders, wherever they lie, that lend secrets or run what stands in them. */
  names: [
    ...['docker.sock', 'containerd.sock', 'podman.sock', 'crio.sock', '.ssh', '.aws', '.gnupg', '.kube', '.docker'],
    ...['.bashrc', '.bash_profile', '.profile', '.zshrc', '.npmrc', '.netrc', '.gitconfig', '.git-credentials'],
    ...['hooks', 'core_pattern', 'release_agent', 'notify_on_release', 'zone-bridge', 'model-bridge'],
  ],
  /** Anywhere in a word. */
  parts: [
    ...['--privileged', '--cap-add', '--security-opt', '--pid=host', '--net=host', '--network=host', '--userns=host'],
    ...['ld_preload', 'ld_library_path', 'node_options', 'bash_env', 'git_ssh'],
  ],
  /** `http://`, `git@host:path`, `host.example:22/…`, and plain addresses of IPv4. */
  urls: /[a-z][a-z0-9+.-]*:\/\/|^[\w.-]+@[\w.-]+:|(?:^|[^\d.])\d{1,3}(?:\.\d{1,3}){3}(?:$|[^\d.])/,
  /** Programs that are allowed in one way only. Long options may be shortened, so it is a list of what may stand there. */
  special: {
    chmod: (words) => {
      const [mode, ...rest] = words.filter((word) => word !== '-R' && word !== '-v');
      return isPlainMode(mode) && rest.every((word) => !word.startsWith('-'))
        ? undefined
        : '`chmod` takes `-R` and a plain mode such as 755 or u+x: none that lends an identity';
    },
    install: (words) => {
      const after = words.indexOf('-m') + 1;
      const mode = after > 0 ? words[after] : '755';
      return isPlainMode(mode) && words.every((word) => !word.startsWith('-') || /^-(?:[dDv]|m)$/.test(word))
        ? undefined
        : '`install` takes `-d`, `-D`, `-v` and `-m` with a plain mode';
    },
    tar: (words) =>
      words.every((word, i) => (word.startsWith('-') || i === 0 ? TAR_OPTION.test(word) : !word.includes(':')))
        ? undefined
        : '`tar` may only pack and unpack: `-c`, `-x`, `-t`, `-v`, `-z`, `-f`, `-C`, `--strip-components=N`',
    sort: (words) => plainOptions('sort', words, /^-[bdfghinrsuV]+$|^-k[\d.,]+$/),
    cp: (words) => plainOptions('cp', words, /^-[adfiLPpRrvT]+$/),
    mv: (words) => plainOptions('mv', words, /^-[finvT]+$/),
    ln: (words) =>
      words.every((word) => word === '-s' || (!word.startsWith('-') && (!word.startsWith('/') || WORKSPACE.test(word))))
        ? undefined
        : '`ln` takes `-s` and may only point into the workspace',
    date: (words) =>
      words.every((word) => word.startsWith('+') || word === '-u') ? undefined : '`date` may only be read',
    git: (words) =>
      words.length === 1 && words[0] === 'init'
        ? undefined
        : '`git` may only be `git init`: everything else can reach a network or run a hook',
    npm: (words) =>
      words.join(' ') === 'ci --offline --ignore-scripts'
        ? undefined
        : '`npm` may only be `npm ci --offline --ignore-scripts`: everything else downloads or runs scripts',
  } as Readonly<Record<string, (words: readonly string[]) => string | undefined>>,
} as const;

const TAR_OPTION = /^-?[cxtvzf]+$|^-C$|^--strip-components=\d$|^--no-same-owner$/;
const WORKSPACE = /^\/(?:app|workspace|opt|tmp|usr\/local)(?:\/|$)/;

/** Without the set-uid and set-gid bits. */
function isPlainMode(mode: string | undefined): boolean {
  return /^0?[01]?[0-7]{1,3}$/.test(mode ?? '') || /^[ugoa]*[+=-][rwxX]*(?:,[ugoa]*[+=-][rwxX]*)*$/.test(mode ?? '');
}

function plainOptions(program: string, words: readonly string[], allowed: RegExp): string | undefined {
  const strange = words.find((word) => word.startsWith('-') && word !== '--' && !allowed.test(word));
  return strange === undefined ? undefined : `\`${program}\` does not take \`${strange}\` here`;
}
