/** Finds a Chromium to test with, or gets one; says in a sentence what it took or why there is none. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chromium } from '@playwright/test';

const INSTALLED = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

export interface Browser {
  readonly path: string;
  /** Where it comes from, for the log. */
  readonly origin: string;
}

function run(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'inherit', shell: process.platform === 'win32' }).status === 0;
}

function isDebianAsRoot(): boolean {
  const isRoot = process.getuid?.() === 0;
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  return isRoot && /^ID(_LIKE)?=.*debian/m.test(release);
}

/** @throws with a sentence on what to do when no browser can be had */
export function findBrowser(): Browser {
  const asked = process.env['CHROME_PATH'];
  if (asked !== undefined && asked !== '') {
    if (existsSync(asked)) return { path: asked, origin: 'CHROME_PATH' };
    throw new Error(`CHROME_PATH names ${asked}, and there is no such file. Correct it, or unset it to let the tests look for a browser.`);
  }
  const installed = INSTALLED.find((path) => existsSync(path));
  if (installed !== undefined) return { path: installed, origin: 'installed on this machine' };
  const own = chromium.executablePath();
  if (existsSync(own)) return { path: own, origin: "Playwright's download" };
  console.log('No Chromium on this machine: trying to download the one that Playwright brings …');
  if (run('npx', ['playwright', 'install', 'chromium']) && existsSync(own)) return { path: own, origin: "Playwright's download" };
  if (isDebianAsRoot()) {
    console.log("The download failed; installing Debian's package chromium instead …");
    run('apt-get', ['update', '-qq']);
    if (run('apt-get', ['install', '-y', '-qq', 'chromium']) && existsSync('/usr/bin/chromium')) {
      return { path: '/usr/bin/chromium', origin: "Debian's package, installed just now" };
    }
  }
  throw new Error(
    'The browser tests need Chromium or Chrome and none could be found or downloaded. Install one, or set CHROME_PATH to where it is, and run npm test again.',
  );
}
