import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { productOf } from '../../src/engine/speed-factors.ts';
import { expect, test } from '../support/page.ts';
import { ROOT } from '../playwright.config.ts';

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
  const shown = await page.locator(`[data-part="${part}"] [data-bytes]`).first().innerText();
  expect(shown).toMatch(/^\d{1,3}(,\d{3})*$/);
  return Number(shown.replaceAll(',', ''));
}

async function open(page: Page, address: string): Promise<void> {
  await page.goto(address);
  // The program is loaded when somebody turns to it.
  await page.locator('.calculator').hover();
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
  ['?n=0', 'number of cards must be'],
  ['?ngl=many', 'layers on the cards must be'],
  ['?q=why', 'There is no question'],
  ['?and=toaster', 'There is no card'],
  ['?machine=typed&own=nvidia', 'can’t be read'],
  ['?with=model%3Dnothing&q=run', 'There is no model'],
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
  const context = page.getByLabel('Context, tokens', { exact: true });
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
  await page.getByLabel('Quantization', { exact: true }).selectOption('Q8_0');
  await expect(page.locator('[data-announcement]')).toContainText('Llama 3.1 8B on RTX 3060 12GB: fits and needs');
  await expect(page).toHaveURL(/quant=Q8_0/);
  await page.reload();
  await expect(page.getByLabel('Quantization', { exact: true })).toHaveValue('Q8_0');
});

test('more context needs more memory until it no longer fits, and the page says so', async ({ page }) => {
  await open(page, '/calculator/');
  let before = 0;
  for (const tokens of [2048, 8192, 32_768, 131_072]) {
    await page.getByLabel('Context, tokens', { exact: true }).fill(String(tokens));
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
  for (const name of ['Quantization', 'Context, tokens', 'KV cache type', 'Machine', 'How many']) {
    // Beside each field stands the sign that explains its word.
    await page.keyboard.press('Tab');
    await expect(page.getByRole('button', { name: `${name}: what is that?` })).toBeFocused();
    await page.keyboard.press('Tab');
    await expect(page.getByLabel(name, { exact: true })).toBeFocused();
  }
  await page.getByRole('button', { name: 'KV cache type: what is that?' }).press('Enter');
  await expect(page.locator('#calc-cache-explained')).toBeVisible();
  await expect(page.locator('#calc-cache-explained a')).toHaveAttribute('href', '/concepts/kv-cache/');
  await page.keyboard.press('Escape');
  await expect(page.locator('#calc-cache-explained')).toBeHidden();
  await page.getByLabel('How many', { exact: true }).focus();
  await page.keyboard.type('2');
  await expect(page).toHaveURL(/n=2/);
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
  await page.goto('/calculator/?model=qwen3-8b', { waitUntil: 'commit' });
  await page.getByLabel('Quantization', { exact: true }).selectOption('Q8_0');
  await page.getByLabel('Context, tokens', { exact: true }).fill('4k');
  release();
  await expect(page.locator('.calculator[data-ready]')).toBeAttached();
  await expect(page).toHaveURL(/model=qwen3-8b&quant=Q8_0&ctx=8192/);
  await expect(page.getByLabel('Model', { exact: true })).toHaveValue('qwen3-8b');
  await expect(page.getByLabel('Context, tokens', { exact: true })).toHaveValue('4k');
  await expect(page.getByText(/must be a whole number of tokens/)).toBeVisible();
  // Not lost by a reload either.
  await page.reload();
  await expect(page.locator('.calculator[data-ready]')).toBeAttached();
  await expect(page.getByLabel('Context, tokens', { exact: true })).toHaveValue('4k');
});

test('nothing of the program is loaded before somebody turns to it', async ({ page }) => {
  const scripts: string[] = [];
  page.on('request', (request) => {
    if (request.resourceType() === 'script') scripts.push(request.url());
  });
  await page.goto('/calculator/', { waitUntil: 'networkidle' });
  expect(scripts.filter((url) => url.includes('Calculator'))).toEqual([]);
  await page.getByLabel('Machine', { exact: true }).focus();
  await expect(page.locator('.calculator[data-ready]')).toBeAttached();
});

test('will it run: two cards, another beside them, experts in RAM; a bar for each, a command, a curve, what helps', async ({ page }) => {
  await open(page, '/calculator/?model=gpt-oss-120b&quant=MXFP4_MOE&ctx=16384&machine=rtx-3090');
  await expect(page.locator('[data-headline]')).toContainText('Does not fit');
  const help = page.getByRole('region', { name: 'What helps' }).getByRole('button', { name: /experts of \d+ layers in RAM/ });
  await help.click();
  await expect(page.locator('[data-headline]')).toContainText('Fits');
  await expect(page).toHaveURL(/ncmoe=\d+/);
  await expect(page.locator('[data-command="llama-server"]')).toContainText(/-ncmoe \d+/);
  await expect(page.locator('.curve svg')).toBeVisible();
  await page.getByLabel('How many', { exact: true }).fill('2');
  await expect(page.locator('.device')).toHaveCount(3);
  await page.getByText('More settings').click();
  await page.getByLabel('Another kind of card beside it').selectOption('rtx-3060-12gb');
  await expect(page.locator('.what')).toContainText('2 × RTX 3090 and RTX 3060 12GB');
  await page.goBack();
  await page.goBack();
  await expect(page.locator('.what')).toContainText('on RTX 3090');
});

test('a machine that is typed in', async ({ page }) => {
  await open(page, '/calculator/');
  await page.getByLabel('Machine', { exact: true }).selectOption('typed');
  await page.getByLabel('Memory, GiB', { exact: true }).fill('48');
  await page.getByLabel('Bandwidth, GB/s', { exact: true }).fill('1008');
  await expect(page.locator('.what')).toContainText('your machine (48 GiB, 1008 GB/s)');
  await expect(page).toHaveURL(/own=nvidia~discrete~48~1008/);
  const before = await page.locator('[data-headline]').textContent();
  await page.getByLabel('Bandwidth, GB/s', { exact: true }).fill('-1');
  await expect(page.getByLabel('Bandwidth, GB/s', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await expect(page.locator('[data-headline]')).toHaveText(before ?? '');
});

test('what can I run: filtered, sorted, and one click from the whole answer', async ({ page }) => {
  await open(page, '/calculator/?q=what-runs&machine=rtx-3090&ctx=16384');
  await expect(page.locator('[data-headline]')).toContainText(/^\d+ of \d+ models on RTX 3090/, { timeout: 30_000 });
  const rows = page.locator('.lines tbody tr');
  await page.getByLabel('Name, family, licence').fill('gemma');
  for (const text of await rows.allInnerTexts()) expect(text.toLowerCase()).toContain('gemma');
  await page.getByRole('button', { name: 'Writes, tokens/s' }).click();
  const speeds = (await rows.locator('td:nth-child(6)').allInnerTexts()).map((text) => Number.parseFloat(text.replaceAll(',', '')));
  // Sorted by the middle of the range, whose lower end is shown first.
  expect(speeds[0] ?? 0).toBeGreaterThan(2 * (speeds.at(-1) ?? Infinity));
  await expect(page.getByRole('columnheader', { name: 'Writes, tokens/s' })).toHaveAttribute('aria-sort', 'descending');
  await page.getByLabel('At least, tokens/s').fill('100');
  expect(await rows.count()).toBeLessThan(speeds.length);
  await rows.first().getByRole('button').click();
  await expect(page.getByLabel('Will it run?')).toBeChecked();
  await expect(page.locator('[data-headline]')).toContainText('Fits');
});

test('what do I need: machines, and two of a card, with watts', async ({ page }) => {
  await open(page, '/calculator/?q=what-needs&model=llama-3-3-70b&quant=Q4_K_M&ctx=8192&want=10');
  await expect(page.locator('[data-headline]')).toContainText(/machines write Llama 3\.3 70B/, { timeout: 30_000 });
  await expect(page.locator('.lines')).toContainText('2 × RTX 3090');
  const before = await page.locator('[data-headline]').textContent();
  await page.getByLabel('Speed wanted, tokens/s').fill('30');
  await expect(page.locator('[data-headline]')).not.toHaveText(before ?? '');
  await expect(page).toHaveURL(/want=30/);
});

test('compare: up to four set-ups, differences marked, in the address', async ({ page }) => {
  await open(page, '/calculator/?q=compare&machine=rtx-3090');
  await page.getByRole('button', { name: 'Add a set-up' }).click();
  await page.locator('#other-1-machine').selectOption('rtx-5090');
  await expect(page.locator('.compare tr.differs th').first()).toContainText('Answer');
  await expect(page.locator('.compare tr', { hasText: 'Model' })).not.toHaveClass(/differs/);
  await page.getByRole('button', { name: 'Add a set-up' }).click();
  await page.getByRole('button', { name: 'Add a set-up' }).click();
  await expect(page.locator('.compare thead th')).toHaveCount(5);
  await expect(page.getByRole('button', { name: 'Add a set-up' })).toHaveCount(0);
  await expect(page).toHaveURL(/with=.*with=.*with=/);
  await page.reload();
  await expect(page.locator('.compare thead th')).toHaveCount(5);
});

test('every way to share gives a text with the link', async ({ page }) => {
  await open(page, '/calculator/?machine=rtx-3090');
  const share = page.getByRole('region', { name: 'Share' });
  for (const format of ['Link', 'Markdown', 'BBCode', 'Plain text', 'JSON', 'CSV', 'Embed']) {
    await share.getByLabel('As', { exact: true }).selectOption(format);
    const text = await share.locator('#share-text').inputValue();
    expect(text, format).toMatch(/\/(calculator|embed)\/\?model=llama-3-1-8b/);
  }
  await share.getByLabel('As', { exact: true }).selectOption('Link');
  const address = await share.locator('#share-text').inputValue();
  const headline = (await page.locator('[data-headline]').textContent()) ?? '';
  await page.goto(address);
  await expect(page.locator('[data-headline]')).toHaveText(headline);
});

test('sizes in GB or GiB, everywhere', async ({ page }) => {
  await open(page, '/calculator/?machine=rtx-3090');
  await expect(page.locator('[data-headline]')).toContainText('GB');
  await page.getByRole('button', { name: 'Sizes in GB' }).click();
  await expect(page.locator('[data-headline]')).toContainText('GiB of 24.00');
  await expect(page).toHaveURL(/unit=GiB/);
});

test('measured runs stand beside the estimate, and a reader’s own corrects it', async ({ page }) => {
  await open(page, '/calculator/?machine=rtx-3090&model=llama-3-1-8b');
  const measured = page.getByRole('region', { name: 'Measured runs' });
  await expect(measured.locator('[data-near] li').first()).toContainText('RTX 3090');
  await expect(measured.getByRole('link', { name: 'source' }).first()).toHaveAttribute('href', /^https:/);
  await measured.getByLabel('Your own tokens/s').fill('nonsense');
  await measured.getByRole('button', { name: 'Lay it beside' }).click();
  await expect(measured.getByRole('alert')).toContainText('a number above 0');
  await measured.getByLabel('Your own tokens/s').fill('9000');
  await measured.getByRole('button', { name: 'Lay it beside' }).click();
  await expect(measured.getByRole('alert')).toContainText('more than bandwidth ÷ bytes allows');
  await measured.getByLabel('Your own tokens/s').fill('110.5');
  await measured.getByRole('button', { name: 'Lay it beside' }).click();
  await expect(measured.locator('[data-own]')).toContainText('You measured 111\u00a0tokens/s');
  await page.reload();
  await expect(measured.locator('[data-own]')).toContainText('You measured 111\u00a0tokens/s');
  await measured.getByText('Give it to the others').click();
  await expect(measured.locator('[data-own] code')).toContainText('"machine":"rtx-3090"');
  await measured.getByRole('button', { name: 'Forget it' }).click();
  await expect(measured.locator('[data-own]')).toHaveCount(0);
});

test('advanced: drafting, several users, fine-tuning', async ({ page }) => {
  await open(page, '/calculator/?machine=rtx-3090&model=llama-3-1-8b');
  await page.getByText('Advanced: drafts').click();
  await page.getByLabel('Model that drafts', { exact: true }).selectOption('llama-3-2-1b');
  await expect(page.locator('[data-draft]')).toContainText(/2\.77 tokens a pass/);
  await expect(page).toHaveURL(/draft=llama-3-2-1b~4~70/);
  await expect(page.locator('[data-users]')).toContainText('tokens/s together');
  const qlora = await page.locator('[data-training]').textContent();
  await page.locator('#train-kind').selectOption('full');
  await expect(page.locator('[data-training]')).not.toHaveText(qlora ?? '');
});

test('a GGUF file: its own tensors are counted, and llama.cpp’s bytes come out', async ({ page }) => {
  await open(page, '/calculator/?machine=desktop-ddr5-5600&ctx=1024&ub=128');
  await page.getByText('From a file or a command').click();
  const files = readdirSync('tests/fixtures/gguf').filter((name) => name.endsWith('.gguf'));
  expect(files.length).toBeGreaterThanOrEqual(9);
  for (const file of files) {
    await page.locator('#import-file').setInputFiles(`tests/fixtures/gguf/${file}`);
    if (file.startsWith('broken')) {
      await expect(page.locator('[data-import-problem]')).toContainText(file);
      continue;
    }
    await expect(page.locator('[data-import-said]')).toContainText(`Read ${file}`);
    const [line = ''] = readFileSync(`tests/fixtures/gguf/${file.replace(/gguf$/, 'expected.jsonl')}`, 'utf8').split('\n');
    const { model_bytes: weights, kv_bytes: cache } = JSON.parse(line) as { model_bytes: number; kv_bytes: number };
    expect(await shownBytes(page, 'weights'), file).toBe(weights);
    expect(await shownBytes(page, 'kv-cache'), file).toBe(cache);
  }
});

test('config.json and commands: pasted, dropped, and refused in a sentence', async ({ page }) => {
  await open(page, '/calculator/?machine=rtx-3090');
  await page.getByText('From a file or a command').click();
  const config = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    hidden_size: 2048,
    intermediate_size: 5632,
    num_attention_heads: 32,
    num_hidden_layers: 22,
    num_key_value_heads: 4,
    vocab_size: 32000,
    max_position_embeddings: 2048,
    tie_word_embeddings: false,
  };
  const text = page.locator('#import-text');
  await text.fill(JSON.stringify(config));
  await page.getByRole('button', { name: 'Take it over' }).click();
  await expect(page.locator('[data-import-said]')).toContainText('22 layers');
  await text.fill('{"model_type": "llama"}');
  await page.getByRole('button', { name: 'Take it over' }).click();
  await expect(page.locator('[data-import-problem]')).toBeVisible();
  await expect(text).toHaveValue('{"model_type": "llama"}');
  await text.fill('llama-server -hf unsloth/Qwen3-8B-GGUF:Q6_K -c 32768 -ctk q8_0 -ctv q8_0');
  await page.getByRole('button', { name: 'Take it over' }).click();
  await expect(page.locator('[data-import-said]')).toContainText('Qwen3 8B, Q6_K');
  await expect(page).toHaveURL(/model=qwen3-8b&quant=Q6_K&ctx=32768&machine=rtx-3090&kv=q8_0/);
  await page
    .locator('#import-file')
    .setInputFiles({ name: 'holiday.gguf', mimeType: 'application/octet-stream', buffer: Buffer.from('not a model') });
  await expect(page.locator('[data-import-problem]')).toContainText('holiday.gguf');
  await expect(page.locator('[data-headline]')).toContainText('Fits');
});

test('fifty damaged GGUF headers are answered within moments, each with a sentence or a result', async ({ page }) => {
  test.setTimeout(180_000);
  await open(page, '/calculator/?machine=rtx-3090');
  await page.getByText('From a file or a command').click();
  const whole = readFileSync('tests/fixtures/gguf/tiny-llama-dense-f16.gguf');
  // A fixed sequence, so that a failure can be seen again.
  let seed = 20261125;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed % below;
  };
  for (let round = 0; round < 50; round++) {
    const damaged = Buffer.from(whole);
    for (let hits = 0; hits < 1 + random(8); hits++) damaged[random(Math.min(damaged.length, 4096))] = random(256);
    const cut = random(3) === 0 ? damaged.subarray(0, random(damaged.length)) : damaged;
    const name = `damaged-${String(round)}.gguf`;
    await page.locator('#import-file').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: cut });
    await expect(page.locator('[data-import-problem], [data-import-said]').filter({ hasText: name })).toBeVisible({ timeout: 6000 });
  }
  await expect(page.locator('[data-headline]')).toBeVisible();
});

test('a hundred addresses of nonsense: no exception, no hang, a result each time', async ({ page }) => {
  test.setTimeout(180_000);
  await open(page, '/calculator/?machine=rtx-3090');
  let seed = 7;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return seed % below;
  };
  const names = [
    'model',
    'quant',
    'ctx',
    'kv',
    'v',
    'machine',
    'mem',
    'n',
    'and',
    'host',
    'ram',
    'os',
    'ngl',
    'ncmoe',
    'own',
    'draft',
    'with',
    'q',
    'want',
    'pp',
    'd',
    'ub',
    'np',
  ];
  const values = [
    '',
    '-1',
    '0',
    '99999999',
    'NaN',
    '1e9',
    'typed',
    '%00',
    '%E0%A4',
    '<b>',
    'rtx-3090',
    'rtx-3090*16',
    'llama-3-1-8b',
    'kimi-k3',
    'nvidia~discrete~1~1',
    'apple~system~16384~99999',
    'what-runs',
    'compare',
    'model%3Dx',
    '16777216',
    '256',
    'q4_0',
  ];
  for (let round = 0; round < 100; round++) {
    const query = Array.from(
      { length: 1 + random(8) },
      () => `${names[random(names.length)] ?? ''}=${values[random(values.length)] ?? ''}`,
    ).join('&');
    // Within the page: what the browser's back button does, a hundred times as fast.
    await page.evaluate((search) => {
      history.pushState(null, '', `/calculator/?${search}`);
      dispatchEvent(new PopStateEvent('popstate'));
    }, query);
    await expect(page.locator('[data-headline]'), query).toBeVisible();
  }
  await page.evaluate(() => {
    history.pushState(null, '', '/calculator/?machine=rtx-3090');
    dispatchEvent(new PopStateEvent('popstate'));
  });
  await expect(page.locator('.what')).toContainText('on RTX 3090');
});

test('the answer stands in a frame of another site, and nothing else of the site may', async ({ page, request }) => {
  const embed = (await request.get('/embed/?machine=rtx-3090')).headers()['content-security-policy'] ?? '';
  expect(embed).toContain('frame-ancestors *');
  for (const path of ['/', '/calculator/', '/hardware/gpu/'])
    expect((await request.get(path)).headers()['content-security-policy']).toContain("frame-ancestors 'none'");
  // In a page of another origin, as a forum's would be.
  const address = new URL('/embed/?machine=rtx-3090&model=qwen3-8b', ROOT).href;
  const frame = `<!doctype html><title>forum</title><iframe src="${address.replaceAll('&', '&amp;')}" width="400" height="420"></iframe>`;
  const forum = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(frame);
  }).listen(0, 'localhost');
  await once(forum, 'listening');
  const { port } = forum.address() as AddressInfo;
  await page.goto(`http://localhost:${String(port)}/`);
  await expect(page.frameLocator('iframe').locator('[data-headline]')).toContainText('Fits');
  forum.close();
  await page.goto('/embed/?machine=rtx-3090&model=qwen3-8b');
  await expect(page.locator('[data-headline]')).toContainText('Fits');
  await expect(page.locator('form[aria-label="What to calculate"]')).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Change it in the calculator' })).toHaveAttribute('href', /\/calculator\/\?model=qwen3-8b/);
});

test('without JavaScript the calculator is a worked example with links, and nothing in it looks as if it worked', async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 320, height: 800 } });
  const page = await context.newPage();
  await page.goto('/calculator/');
  await expect(page.locator('[data-headline]')).toContainText('Fits');
  await expect(page.locator('.calculator form .fields').first()).toBeHidden();
  await expect(page.locator('main noscript p')).toBeVisible();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  await context.close();
});
