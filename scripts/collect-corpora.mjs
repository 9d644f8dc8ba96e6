// Reads every mail in the test corpora of Debian source packages with our reader: no crash, and each answer passes the
// schema of Zone 1. Downloads into a folder of its own and deletes it. Not part of the ordinary tests: it needs the
// network. Says loudly what it could not fetch, and fails when it could fetch nothing.
//
//   node scripts/run.cjs scripts/collect-corpora.mjs [package …]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { extractSchema } from '../src/contracts/index.ts';
import { readEmail } from '../src/zone3-reader/index.ts';

const DEFAULT =
  'notmuch public-inbox rspamd kf5-messagelib kmime evolution-data-server libpython3.11-testsuite bogofilter mailman3 spamassassin libemail-mime-perl libmime-tools-perl claws-mail'.split(
    ' ',
  );
const wanted = process.argv.length > 2 ? process.argv.slice(2) : DEFAULT;
const BYTES_MAX = 20_000_000;
const ports = {
  sha256Hex: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  now: () => new Date().toISOString(),
};

const folder = mkdtempSync(join(tmpdir(), 'hardshell-corpora-'));
const totals = { mails: 0, failed: 0, warned: 0, missing: [], slowest: 0 };
try {
  const apt = prepareApt();
  for (const name of wanted) {
    const place = join(folder, 'src', name);
    mkdirSync(place, { recursive: true });
    const fetched = spawnSync('apt-get', [...apt, 'source', '--download-only', '-qq', name], {
      cwd: place,
      encoding: 'utf8',
    });
    if (fetched.status !== 0 && !unpackBinary(name, place)) {
      totals.missing.push(name);
      console.error(`NOT FETCHED: ${name}: ${fetched.stderr.trim().split('\n').at(-1) ?? ''}`);
      continue;
    }
    for (const archive of readdirSync(place).filter((file) => /\.tar\.(?:gz|xz|bz2)$/.test(file))) {
      spawnSync('tar', ['-xf', archive, '--no-same-owner'], { cwd: place });
      rmSync(join(place, archive), { force: true });
    }
    readFolder(name, place);
    rmSync(place, { recursive: true, force: true });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(
  `${totals.mails} mails read, ${totals.failed} failed, ${totals.warned} with an injection warning, slowest ${totals.slowest.toFixed(0)} ms`,
);
if (totals.missing.length > 0)
  console.error(
    `${totals.missing.length} of ${wanted.length} packages could not be fetched: ${totals.missing.join(', ')}`,
  );
if (totals.mails === 0) console.error('NOTHING WAS MEASURED');
process.exit(totals.failed > 0 || totals.mails === 0 ? 1 : 0);

/** A mirror may hold no sources: some binary packages carry mails as well. */
function unpackBinary(name, place) {
  if (spawnSync('apt-get', ['download', '-qq', name], { cwd: place }).status !== 0) return false;
  return readdirSync(place)
    .filter((file) => file.endsWith('.deb'))
    .some((file) => spawnSync('dpkg-deb', ['-x', file, place], { cwd: place }).status === 0);
}

/** Lists of our own, so that the machine's apt stays as it is. */
function prepareApt() {
  const lists = join(folder, 'lists');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  const release = /VERSION_CODENAME=(\w+)/.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'stable';
  const sources = join(folder, 'sources.list');
  writeFileSync(
    sources,
    `deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian ${release} main\n`,
  );
  const options = [
    '-o',
    `Dir::Etc::SourceList=${sources}`,
    '-o',
    'Dir::Etc::SourceParts=/dev/null',
    '-o',
    `Dir::State::Lists=${lists}`,
    '-o',
    'APT::Sandbox::User=root',
  ];
  const updated = spawnSync('apt-get', [...options, 'update', '-qq'], { encoding: 'utf8' });
  if (updated.status !== 0)
    console.error(`NOT FETCHED: lists of sources: ${updated.stderr.trim().split('\n').at(-1) ?? ''}`);
  return options;
}

function readFolder(name, root) {
  let count = 0;
  const stack = [root];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    for (const entry of readdirSync(at)) {
      const path = join(at, entry);
      const stat = lstatSync(path);
      if (stat.isDirectory()) stack.push(path);
      else if (stat.isFile() && stat.size > 20 && stat.size < BYTES_MAX && isMail(path)) {
        count += 1;
        readOne(path);
      }
    }
  }
  console.log(`${name.padEnd(24)} ${count} mails`);
}

function readOne(path) {
  totals.mails += 1;
  const start = performance.now();
  try {
    const parsed = extractSchema.safeParse(readEmail(readFileSync(path), ports));
    if (parsed.data?.injection_warning === true) {
      totals.warned += 1;
      if (process.env.VERBOSE === '1')
        console.log(`warned ${path.slice(folder.length)} ${parsed.data.injection_score}`);
    }
    if (!parsed.success) throw new Error(JSON.stringify(parsed.error.issues).slice(0, 300));
  } catch (error) {
    totals.failed += 1;
    console.error(`FAILED ${path.slice(folder.length)}: ${error instanceof Error ? error.message : String(error)}`);
  }
  totals.slowest = Math.max(totals.slowest, performance.now() - start);
}

/** By its ending, or because its first lines look like a header of a mail. */
function isMail(path) {
  if (/^\.(?:eml|msg|mbox|mail|email)$/i.test(extname(path))) return true;
  if (/\.(?:c|h|cc|cpp|hpp|pm|pl|py|rb|js|md|html?|po|txt|sh|xml|json|am|ac|in|m4|svg|png|gif|jpe?g)$/i.test(path))
    return false;
  const head = readFileSync(path).subarray(0, 4_096).toString('latin1');
  return (
    /^(?:From |Return-Path:|Received:|From:|To:|Subject:|Date:|Message-ID:|MIME-Version:|Content-Type:|Delivered-To:|X-)/i.test(
      head,
    ) && /^(?:From|Subject|Content-Type|To|Date):/im.test(head)
  );
}
