/**
 * What the calculator's page weighs before anybody turns to it, and how quickly it answers.
 *
 * Usage: npm run bench:page, on a built site (npm run build). Chromium, the processor slowed down four times.
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { brotliCompressSync } from 'node:zlib';
import { chromium, type CDPSession, type Page } from '@playwright/test';
import { findBrowser } from '../support/browser.ts';

const PORT = '4820';
const SLOWER = 4;
const base = `http://localhost:${PORT}`;

const server = spawn(process.execPath, ['src/cli/serve.ts', '--port', PORT], { stdio: ['ignore', 'pipe', 'inherit'] });
await once(server.stdout, 'data');
const browser = await chromium.launch({
  executablePath: findBrowser().path,
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});

/** Bytes of every answer of a page's loading, as brotli would send them. */
async function weigh(path: string): Promise<{ readonly requests: number; readonly bytes: number }> {
  const page = await browser.newPage();
  let requests = 0;
  let bytes = 0;
  const waiting: Promise<void>[] = [];
  page.on('response', (response) => {
    requests += 1;
    waiting.push(
      response.body().then(
        (body) => {
          bytes += brotliCompressSync(body).length;
        },
        () => undefined,
      ),
    );
  });
  await page.goto(base + path, { waitUntil: 'networkidle' });
  await Promise.all(waiting);
  await page.close();
  return { requests, bytes };
}

/** Milliseconds from an action to the next frame after it, by the browser's own clock. */
async function toNextPaint(page: Page, act: () => Promise<void>): Promise<number> {
  await page.evaluate(() => {
    const store = globalThis as unknown as { slowest: number };
    store.slowest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) store.slowest = Math.max(store.slowest, entry.duration);
    }).observe({ type: 'event', durationThreshold: 16, buffered: false } as PerformanceObserverInit);
  });
  await act();
  await page.waitForTimeout(700);
  return page.evaluate(() => (globalThis as unknown as { slowest: number }).slowest);
}

async function slowed(page: Page): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page);
  await session.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  return session;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const show = (name: string, value: string): void => {
  console.log(`${name.padEnd(64)} ${value.padStart(22)}`);
};

for (const path of ['/calculator/', '/concepts/quantization/', '/machines/rtx-3090/', '/models/llama-3-1-8b/']) {
  const { requests, bytes } = await weigh(path);
  show(`${path} before interaction`, `${(bytes / 1000).toFixed(1)} kB, ${String(requests)} requests`);
}
{
  const { bytes } = await weigh('/calculator/?machine=rtx-3090');
  show('/calculator/ with its program, data and measurements', `${(bytes / 1000).toFixed(1)} kB`);
}

const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
await page.goto(`${base}/calculator/?machine=rtx-3090&model=qwen3-8b`);
await page.locator('.calculator[data-ready]').waitFor();
await slowed(page);
const changes: [string, () => Promise<void>][] = [
  ['a digit typed into the context', () => page.getByLabel('Context, tokens', { exact: true }).pressSequentially('0')],
  ['another model by an arrow key', () => page.getByLabel('Model', { exact: true }).press('ArrowDown')],
  ['another quantization by an arrow key', () => page.getByLabel('Quantization', { exact: true }).press('ArrowDown')],
  ['another machine by an arrow key', () => page.getByLabel('Machine', { exact: true }).press('ArrowDown')],
  ['GB to GiB by a click', () => page.getByRole('button', { name: /^Sizes in/ }).click()],
];
for (const [name, act] of changes) {
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) times.push(await toNextPaint(page, act));
  show(`${name}, to the next paint, ${String(SLOWER)} × slower`, `${median(times).toFixed(0)} ms (worst ${Math.max(...times).toFixed(0)})`);
}
await page.close();

for (const [question, wait] of [
  ['what-runs', /^\d/],
  ['what-needs', /^\d/],
] as const) {
  const fresh = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await fresh.goto(`${base}/calculator/?machine=rtx-3090&model=llama-3-1-8b&ctx=16384`);
  await fresh.locator('.calculator[data-ready]').waitFor();
  await fresh.waitForTimeout(1500);
  const [first, whole] = await fresh.evaluate(
    ([name, pattern]) =>
      new Promise<[number, number]>((resolve) => {
        const start = performance.now();
        let screenful = 0;
        document.querySelector<HTMLInputElement>(`input[value="${name}"]`)?.click();
        const timer = setInterval(() => {
          const rows = document.querySelectorAll('.lines tbody tr').length;
          if (rows >= 20 && screenful === 0) screenful = performance.now() - start;
          if (new RegExp(pattern).test(document.querySelector('[data-headline]')?.textContent ?? '') && rows > 0) {
            clearInterval(timer);
            resolve([screenful, performance.now() - start]);
          }
        }, 2);
      }),
    [question, wait.source] as const,
  );
  show(`${question}: first screenful, whole table`, `${first.toFixed(0)} ms, ${whole.toFixed(0)} ms`);
  await fresh.close();
}

await browser.close();
server.kill();
