/** Every check of the project in one run: `npm test`. Goes on after a failure, so that one run tells all of them. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { findBrowser } from './support/browser.ts';

interface Step {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface Outcome {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly seconds: number;
}

const astro = ['--env-file=src/cli/build.env', 'node_modules/astro/bin/astro.mjs'];
const node = process.execPath;

/** Counts in the closing lines of node's runner and of Playwright; a tool that counts nothing is one check. */
function counts(output: string, succeeded: boolean): { passed: number; failed: number } {
  const last = (pattern: RegExp): number | null => {
    const match = [...output.matchAll(pattern)].at(-1);
    return match?.[1] === undefined ? null : Number(match[1]);
  };
  const passed = last(/^ℹ pass (\d+)/gm) ?? last(/^\s+(\d+) passed/gm);
  const failed = last(/^ℹ fail (\d+)/gm) ?? last(/^\s+(\d+) failed/gm) ?? 0;
  if (passed === null) return { passed: succeeded ? 1 : 0, failed: succeeded ? 0 : Math.max(1, failed) };
  return { passed, failed: succeeded ? failed : Math.max(1, failed) };
}

async function run({ name, command, args, environment }: Step): Promise<Outcome> {
  console.log(`\n━━ ${name}`);
  const start = performance.now();
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...environment } });
  let output = '';
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString();
    process.stdout.write(data);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { name, ...counts(output, status === 0), seconds: (performance.now() - start) / 1000 };
}

/** Ports that nothing listens on at this moment. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, 'localhost'));
  const ports: number[] = [];
  for (const server of servers) {
    if (!server.listening) await once(server, 'listening');
    const address = server.address();
    if (address !== null && typeof address === 'object') ports.push(address.port);
  }
  for (const server of servers) {
    server.close();
    await once(server, 'close');
  }
  return ports;
}

const browser = findBrowser();
console.log(`Browser: ${browser.path} (${browser.origin})`);
const inBrowser = { CHROME_PATH: browser.path, TEST_PORTS: (await freePorts(2)).join(',') };

const steps: Step[] = [
  // First, because it generates the types of the collections, which ESLint reads too.
  { name: 'Types', command: node, args: [...astro, 'check', '--minimumSeverity', 'warning'] },
  { name: 'Lint', command: node, args: ['node_modules/eslint/bin/eslint.js', '--max-warnings', '0', '.'] },
  { name: 'Format', command: node, args: ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'] },
  { name: 'Engine, data and tools', command: node, args: ['--test', 'tests/unit/*.test.ts'] },
  { name: 'Build at the root', command: node, args: [...astro, 'build', '--silent'] },
  {
    name: 'Build below /faq/',
    command: node,
    args: [...astro, 'build', '--silent', '--outDir', '.cache/faq'],
    environment: { SITE_BASE: '/faq/' },
  },
  { name: 'Built pages', command: node, args: ['--test', 'tests/site/*.test.ts'] },
  {
    name: 'In the browser',
    command: node,
    args: ['node_modules/@playwright/test/cli.js', 'test', '--config', 'tests/playwright.config.ts'],
    environment: inBrowser,
  },
];

const outcomes: Outcome[] = [];
for (const step of steps) outcomes.push(await run(step));

console.log('\n━━ Totals');
for (const { name, passed, failed, seconds } of outcomes) {
  console.log(
    `${failed === 0 ? '✓' : '✗'} ${name}: ${String(passed)} passed${failed === 0 ? '' : `, ${String(failed)} failed`} (${seconds.toFixed(0)} s)`,
  );
}
const sum = (key: 'passed' | 'failed'): number => outcomes.reduce((total, outcome) => total + outcome[key], 0);
console.log(`${String(sum('passed'))} passed, ${String(sum('failed'))} failed`);
process.exitCode = sum('failed') === 0 ? 0 : 1;
