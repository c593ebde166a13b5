import { defineConfig } from '@playwright/test';
import { findBrowser } from './support/browser.ts';

/** Addresses of the two builds: at the root, and below a path. */
export const ROOT = 'http://localhost:4410/';
export const BELOW = 'http://localhost:4411/faq/';

const serve = (port: number, directory: string, base: string): string =>
  `node src/cli/serve.ts --port ${String(port)} --dir ${directory} --base ${base}`;

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
    { command: serve(4410, 'dist', '/'), cwd: '..', url: ROOT, reuseExistingServer: false },
    { command: serve(4411, '.cache/faq', '/faq/'), cwd: '..', url: BELOW, reuseExistingServer: false },
  ],
});
