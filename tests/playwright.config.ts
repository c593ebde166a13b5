import { defineConfig } from '@playwright/test';
import { findBrowser } from './support/browser.ts';

/** Ports to serve on; `npm test` names two free ones, so that two runs on one machine don't meet. */
const [rootPort = '4410', belowPort = '4411'] = process.env['TEST_PORTS']?.split(',') ?? [];

/** Addresses of the two builds: at the root, and below a path. */
export const ROOT = `http://localhost:${rootPort}/`;
export const BELOW = `http://localhost:${belowPort}/faq/`;

const serve = (port: string, directory: string, base: string): string =>
  `node src/cli/serve.ts --port ${port} --dir ${directory} --base ${base}`;

export default defineConfig({
  testDir: '.',
  testMatch: ['e2e/*.spec.ts', 'a11y/*.spec.ts'],
  outputDir: '../.cache/playwright',
  fullyParallel: true,
  workers: 2,
  reporter: [['line']],
  forbidOnly: true,
  timeout: 60_000,
  use: {
    baseURL: ROOT,
    launchOptions: {
      executablePath: findBrowser().path,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  webServer: [
    { command: serve(rootPort, 'dist', '/'), cwd: '..', url: ROOT, reuseExistingServer: false },
    { command: serve(belowPort, '.cache/faq', '/faq/'), cwd: '..', url: BELOW, reuseExistingServer: false },
  ],
});
