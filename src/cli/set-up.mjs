/**
 * Gets a clone ready: installs what the lock file says, and with --build makes the site. Does nothing when nothing changed.
 *
 * Plain JavaScript without imports from outside Node: it runs on Node 20, before anything is installed.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const installStamp = join(root, 'node_modules', '.set-up-stamp');
const buildStamp = join(root, '.cache', 'build-stamp');

/** The first Node that runs TypeScript as it is, which the command line and the tests rely on. */
const OLDEST_NODE = [22, 18];

/** What a build is made from. */
const BUILD_INPUTS = ['astro.config.mjs', 'package-lock.json', 'tsconfig.json', 'public', 'src'];
const BUILD_SETTINGS = ['SITE_ADDRESS', 'SITE_BASE', 'SITE_NAME', 'SITE_REPOSITORY'];

function fail(message) {
  console.error(`\n${message}\n`);
  process.exit(1);
}

function read(path) {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}

function run(command, args) {
  // npm is a script on Windows, which needs a shell to start.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (error) fail(`"${command}" could not be started: ${error.message}`);
  if (status !== 0) fail(`"${command} ${args.join(' ')}" ended with status ${status}; what it said is above.`);
}

function install() {
  const lock = read(join(root, 'package-lock.json'));
  if (lock === null) fail('package-lock.json is missing: the clone is not complete.');
  const manifest = read(join(root, 'package.json')) ?? '';
  const wanted = createHash('sha256').update(lock).update(manifest).update(`${process.platform} ${process.arch}`).digest('hex');
  if (read(installStamp) === wanted) return;
  console.log('Installing what package-lock.json lists (once; a minute or two) …');
  run('npm', ['ci', '--loglevel=error', '--no-audit', '--no-fund']);
  writeFileSync(installStamp, wanted);
}

function checkNode() {
  const own = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  const command = existsSync(own) ? own : 'node';
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' });
  const [major, minor] = (stdout ?? '').trim().replace('v', '').split('.').map(Number);
  const newEnough = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  if (!newEnough) {
    fail(
      `This needs Node ${OLDEST_NODE.join('.')} or later and found ${(stdout ?? '').trim() || 'none'}. The package "node", which brings its own, ` +
        'is not to be had for this platform: install a newer Node from nodejs.org and start again.',
    );
  }
}

/** Names, sizes and times of everything below a path. */
function describe(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return [`${path} ${stats.size} ${stats.mtimeMs}`];
  return readdirSync(path)
    .sort()
    .flatMap((name) => describe(join(path, name)));
}

function build() {
  const inputs = BUILD_INPUTS.flatMap((path) => describe(join(root, path)));
  const settings = BUILD_SETTINGS.map((name) => `${name}=${process.env[name] ?? ''}`);
  const wanted = createHash('sha256')
    .update([...inputs, ...settings].join('\n'))
    .digest('hex');
  if (read(buildStamp) === wanted && existsSync(join(root, 'dist', 'index.html'))) return;
  console.log('Building the site …');
  run('npm', ['run', '--silent', 'build']);
  mkdirSync(dirname(buildStamp), { recursive: true });
  writeFileSync(buildStamp, wanted);
}

install();
checkNode();
if (process.argv.includes('--build')) build();
