import { readFileSync } from 'node:fs';
import { productOf } from '../../src/engine/speed-factors.ts';
import { expect, test } from '../support/page.ts';

type Page = import('@playwright/test').Page;

/** What llama.cpp itself allocated, by its own report; the command that gave each row stands beside it. */
interface Row {
  readonly model: string;
  readonly quant: string;
  readonly context: number;
  readonly cache: 'f16' | 'q8_0';
  readonly device: 'gpu' | 'host';
  readonly weightsBytes: number;
  readonly kvCacheBytes: number;
  readonly computeBytes: number;
}

const rows = JSON.parse(readFileSync('tests/fixtures/llama-cpp/page-rows.json', 'utf8')) as Row[];

async function shownBytes(page: Page, part: string): Promise<number> {
  const shown = await page.locator(`[data-part="${part}"] [data-bytes]`).innerText();
  expect(shown).toMatch(/^\d{1,3}(,\d{3})*$/);
  return Number(shown.replaceAll(',', ''));
}

async function open(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await expect(page.locator('.calculator[data-ready]')).toBeAttached();
}

test('there are rows of llama.cpp to compare with, on both kinds of device', () => {
  expect(rows.length).toBeGreaterThanOrEqual(12);
  expect(rows.filter(({ device }) => device === 'gpu').length).toBeGreaterThanOrEqual(6);
});

for (const row of rows) {
  test(`llama.cpp's own figures: ${row.model} ${row.quant}, ${String(row.context)} tokens, ${row.cache}, ${row.device}`, async ({
    page,
  }) => {
    const machine = row.device === 'gpu' ? 'rtx-pro-6000-blackwell' : 'desktop-ddr5-5600';
    await open(page, `/calculator/?model=${row.model}&quant=${row.quant}&ctx=${String(row.context)}&kv=${row.cache}&machine=${machine}`);
    expect(await shownBytes(page, 'weights')).toBe(row.weightsBytes);
    expect(await shownBytes(page, 'kv-cache')).toBe(row.kvCacheBytes);
    const compute = await shownBytes(page, 'compute');
    // The closed form is exact for f16 caches; with quantized ones the allocator shifts by a copy of a tensor.
    expect(Math.abs(compute / row.computeBytes - 1)).toBeLessThan(row.cache === 'f16' ? 0.001 : 0.06);
    expect(await shownBytes(page, 'total')).toBe(row.weightsBytes + row.kvCacheBytes + compute);
    // What people read says the same as the exact count.
    const gb = (row.weightsBytes / 1e9).toFixed(2);
    if (row.weightsBytes >= 1e8 && row.weightsBytes < 1e11)
      await expect(page.locator('[data-part="weights"] td').first()).toHaveText(`${gb}\u00a0GB`);
  });
}

/** Speeds worked out by hand: quantities here, factors as the fit found them. */
const BY_HAND = [
  {
    // Llama 3.1 8B, Q4_K_M, RTX 3090: 4,912,898,304 bytes less the table of 128,256 × 4,096 × 4.5 bits = 295,501,824
    address: '?model=llama-3-1-8b&quant=Q4_K_M&ctx=8192&machine=rtx-3090',
    parts: [
      [4_617_396_480 / 936e9, ['weights', 'weights:nvidia-gddr', 'machine:rtx-3090']],
      [
        (8_030_261_312 - 128_256 * 4096) / 35.58e12,
        ['arithmetic', 'arithmetic:k-quant', 'arithmetic:nvidia', 'arithmetic:ampere', 'machine:rtx-3090'],
      ],
      [32, ['layer', 'layer:nvidia', 'layer:nvidia-cuda', 'machine:rtx-3090']],
    ],
  },
  {
    // Llama 3.2 3B, Q4_K_M, two modules of DDR5-5600: the output matrix is the table, so all 2,011,539,712 bytes are read
    address: '?model=llama-3-2-3b&quant=Q4_K_M&ctx=8192&machine=desktop-ddr5-5600',
    parts: [[2_011_539_712 / 89.6e9, ['cpu', 'cpu:cpu-desktop', 'machine:desktop-ddr5-5600']]],
  },
] as const;

for (const { address, parts } of BY_HAND) {
  test(`speed worked out by hand: ${address}`, async ({ page }) => {
    await open(page, `/calculator/${address}`);
    const text = (await page.locator('[data-decode]').textContent()) ?? '';
    const seconds = parts.reduce((sum, [quantity, factors]) => sum + quantity * productOf(factors), 0);
    expect(Math.abs(Number.parseFloat(text) * seconds - 1)).toBeLessThanOrEqual(0.006);
    await expect(page.locator('[data-step="total"]').first()).toContainText('tokens/s');
    const ceiling = Number.parseFloat((await page.locator('[data-step="ceiling"] .figure').textContent()) ?? '0');
    expect(ceiling).toBeGreaterThan(Number.parseFloat(text));
  });
}

const BAD_ADDRESSES = [
  ['?ctx=-5', '“-5” is no context'],
  ['?ctx=1e99', '“1e99” is no context'],
  ['?model=<script>alert(1)</script>', 'There is no model'],
  ['?machine=toaster&quant=Q9_Z', 'There is no machine'],
  ['?kv=q3_0', 'There is no cache type'],
  ['?machine=rtx-3090&mem=-1', 'not on offer'],
  [`?model=${'x'.repeat(10_000)}`, 'longer than any'],
  ['?%E0%A4%A&model=%00', 'There is no model'],
] as const;

for (const [address, sentence] of BAD_ADDRESSES) {
  test(`a bad address is answered with a sentence and the default: ${address.slice(0, 40)}`, async ({ page }) => {
    await open(page, `/calculator/${address}`);
    await expect(page.getByRole('alert')).toContainText(sentence);
    await expect(page.getByLabel('Model', { exact: true })).toHaveValue('llama-3-1-8b');
    await expect(page.locator('[data-headline]')).toContainText('Fits');
    expect(await page.locator('.calculator script').count()).toBe(0);
  });
}

test('a bad entry keeps what was typed and the last good result', async ({ page }) => {
  await open(page, '/calculator/?model=qwen3-8b&ctx=16384&machine=rtx-3090');
  const headline = await page.locator('[data-headline]').textContent();
  const context = page.getByLabel('Context, tokens');
  await context.fill('lots');
  await expect(page.locator('#calc-context-help')).toContainText('must be a whole number');
  await expect(context).toHaveValue('lots');
  await expect(context).toHaveAttribute('aria-invalid', 'true');
  await expect(page.locator('[data-headline]')).toHaveText(headline ?? '');
  await context.fill('32,768');
  await expect(page).toHaveURL(/ctx=32768/);
  await expect(page.locator('[data-headline]')).not.toHaveText(headline ?? '');
});

test('a change is announced once it has settled, and the answer is in the address', async ({ page }) => {
  await open(page, '/calculator/');
  await expect(page.locator('[data-announcement]')).toHaveText('');
  await page.getByLabel('Quantization').selectOption('Q8_0');
  await expect(page.locator('[data-announcement]')).toContainText('Llama 3.1 8B on RTX 3060 12GB: fits and needs');
  await expect(page).toHaveURL(/quant=Q8_0/);
  await page.reload();
  await expect(page.getByLabel('Quantization')).toHaveValue('Q8_0');
});

test('more context needs more memory until it no longer fits, and the page says so', async ({ page }) => {
  await open(page, '/calculator/');
  let before = 0;
  for (const tokens of [2048, 8192, 32_768, 131_072]) {
    await page.getByLabel('Context, tokens').fill(String(tokens));
    await expect(page).toHaveURL(new RegExp(`ctx=${String(tokens)}`));
    const total = await shownBytes(page, 'total');
    expect(total).toBeGreaterThan(before);
    before = total;
  }
  await expect(page.locator('[data-headline]')).toContainText('Does not fit');
});

test('the fields are worked by keyboard and have names', async ({ page }) => {
  await open(page, '/calculator/');
  await page.getByLabel('Model', { exact: true }).focus();
  for (const name of ['Quantization', 'Context, tokens', 'KV cache type', 'Machine']) {
    await page.keyboard.press('Tab');
    await expect(page.getByLabel(name, { exact: true })).toBeFocused();
  }
  await page.keyboard.press('ArrowDown');
  await expect(page).toHaveURL(/machine=/);
});

test('what is chosen while the calculator still loads is kept', async ({ page }) => {
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  await page.route('**/_astro/Calculator*.js', async (route) => {
    await held;
    await route.continue();
  });
  await page.goto('/calculator/?quant=Q8_0', { waitUntil: 'commit' });
  await page.getByLabel('Model', { exact: true }).selectOption('qwen3-8b');
  await page.getByLabel('Machine').selectOption('rtx-3090');
  await page.getByLabel('Context, tokens').fill('4k');
  release();
  await expect(page.locator('.calculator[data-ready]')).toBeAttached();
  await expect(page).toHaveURL(/model=qwen3-8b&quant=Q8_0&ctx=8192&machine=rtx-3090/);
  await expect(page.getByLabel('Model', { exact: true })).toHaveValue('qwen3-8b');
  await expect(page.getByLabel('Machine')).toHaveValue('rtx-3090');
  await expect(page.getByLabel('Context, tokens')).toHaveValue('4k');
  await expect(page.getByText(/must be a whole number of tokens/)).toBeVisible();
});
