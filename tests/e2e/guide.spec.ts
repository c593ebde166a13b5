/** What people do on a page of the guide besides reading: narrow and sort a table, take it home, copy a command, look a word up. */

import { readFileSync } from 'node:fs';
import { expect, test } from '../support/page.ts';

test('a table narrows by words and by a column, and says how much is left', async ({ page }) => {
  await page.goto('/concepts/loader/');
  const table = page.locator('data-table').first();
  const rows = table.locator('tbody tr:visible');
  const all = await rows.count();
  expect(all).toBeGreaterThan(9);
  await table.getByLabel('Filter').fill('llama.cpp');
  const some = await rows.count();
  expect(some).toBeGreaterThan(0);
  expect(some).toBeLessThan(all);
  await expect(table.getByRole('status')).toHaveText(`${String(some)} of ${String(all)}`);
  await table.getByLabel('Filter').fill('no such program anywhere');
  await expect(rows).toHaveCount(0);
  await expect(table.getByRole('status')).toHaveText('Nothing matches.');
  await table.getByLabel('Filter').fill('');
  await table.getByLabel('Computes on').selectOption('Metal');
  for (const text of await rows.allInnerTexts()) expect(text).toContain('Metal');
  const withMetal = await rows.count();
  await table.getByLabel('Systems').selectOption('Windows');
  expect(await rows.count()).toBeLessThan(withMetal);
  for (const text of await rows.allInnerTexts()) expect(text).toContain('Windows');
});

test('a table sorts by text and by figure, both ways, and says so', async ({ page }) => {
  await page.goto('/concepts/quantization/');
  const table = page.locator('data-table').first();
  const bits = table.getByRole('columnheader', { name: 'Bits a weight' });
  const column = (index: number): Promise<string[]> =>
    table
      .locator('tbody tr')
      .evaluateAll((rows, at) => rows.map((row) => (row as HTMLTableRowElement).cells[at]?.firstChild?.textContent?.trim() ?? ''), index);
  await bits.getByRole('button').click();
  await expect(bits).toHaveAttribute('aria-sort', 'descending');
  const down = (await column(1)).map(Number);
  expect(down).toEqual([...down].sort((a, b) => b - a));
  await bits.getByRole('button').press('Enter');
  await expect(bits).toHaveAttribute('aria-sort', 'ascending');
  expect((await column(1)).map(Number)).toEqual([...down].sort((a, b) => a - b));
  const name = table.getByRole('columnheader', { name: 'File type' });
  await name.getByRole('button').click();
  await expect(bits).not.toHaveAttribute('aria-sort', /./);
  const names = await column(0);
  expect(names).toEqual([...names].sort(new Intl.Collator('en', { numeric: true, sensitivity: 'base' }).compare));
});

test('a table can be taken home as CSV and JSON, with as many rows as the page shows', async ({ page, request }) => {
  await page.goto('/learn/licences/');
  const table = page.locator('data-table').first();
  const rows = await table.locator('tbody tr').count();
  const address = async (name: string): Promise<string> =>
    (await table.getByRole('link', { name, exact: true }).getAttribute('href')) ?? '';
  const json = (await (await request.get(await address('JSON'))).json()) as { id: string; name: string; sources: string[] }[];
  expect(json).toHaveLength(rows);
  for (const { name, sources } of json) {
    expect(name).not.toBe('');
    expect(sources.length).toBeGreaterThan(0);
  }
  const csv = await (await request.get(await address('CSV'))).text();
  expect(csv.split('\r\n')[0]).toContain('id,name,');
  expect(csv.trim().split('\r\n')).toHaveLength(rows + 1);
});

test('without JavaScript a table is whole, and nothing about it looks as if it worked', async ({ browser }) => {
  const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 320, height: 800 } });
  const page = await context.newPage();
  await page.goto('/concepts/loader/');
  expect(await page.locator('data-table tbody tr:visible').count()).toBeGreaterThan(9);
  await expect(page.locator('data-table form')).toBeHidden();
  await expect(page.locator('data-table thead button')).toHaveCount(0);
  await context.close();
});

test('a command is copied as it is to be typed', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto('/start/first-model/');
  const block = page
    .locator('.expressive-code')
    .filter({ has: page.locator('pre[data-language="sh"], pre[data-language="bash"], pre[data-language="powershell"]') })
    .first();
  await block.getByRole('button', { name: 'Copy' }).click();
  await expect(block.getByRole('button')).toHaveText('Copied');
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  const source = readFileSync('src/content/docs/start/first-model.mdx', 'utf8');
  expect(copied.length).toBeGreaterThan(5);
  expect(source).toContain(copied);
});

test('the glossary leads to a word by its own address, and from there to its page', async ({ page }) => {
  await page.goto('/resources/glossary/#kv-cache');
  const word = page.locator('#kv-cache');
  await expect(word).toBeInViewport();
  await word.getByRole('link').click();
  await expect(page).toHaveURL(/\/concepts\/kv-cache\/$/);
});

test('a page whose facts were checked long ago says so, by the reader’s calendar', async ({ page }) => {
  await page.goto('/concepts/token/');
  await expect(page.getByText('That is a while ago')).toBeHidden();
  await page.clock.setFixedTime(new Date('2028-01-01T00:00:00Z'));
  await page.goto('/concepts/token/');
  await expect(page.getByText('That is a while ago')).toBeVisible();
});
