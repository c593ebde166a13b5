import { expect, test } from '../support/page.ts';

/** Questions as people type them, and the page that answers each. */
const QUESTIONS: readonly (readonly [query: string, path: string])[] = [
  ['how much ram do i need', '/hardware/memory/'],
  ['can i use two different gpus for one llm', '/hardware/multi-gpu/'],
  ['mac m4 or m5 how much memory for llm', '/hardware/unified-memory/'],
  ['run llm on android phone or iphone', '/hardware/small-machines/'],
  ['do i need a gpu to run a local llm', '/hardware/cpu-vs-gpu/'],
  ['is a used tesla p40 still worth it', '/hardware/second-hand/'],
  ['model takes forever to load from ssd', '/hardware/storage/'],
  ['does pcie x4 slow down inference', '/hardware/motherboard/'],
  ['what does my npu do for llms', '/hardware/npu/'],
  ['why is memory bandwidth so important', '/hardware/what-matters/'],
  ['connect several computers into a cluster', '/hardware/several-computers/'],
  ['electricity cost of running an llm server all year', '/hardware/power-heat-noise/'],
];

/** The first results' addresses, page hits only. */
async function search(page: import('@playwright/test').Page, query: string): Promise<string[]> {
  await page.getByRole('searchbox').fill(query);
  await expect(page.locator('[data-search-dialog]')).toHaveAttribute('data-shown', query);
  return page
    .locator('[data-search-results] > li > a')
    .evaluateAll((links) => links.slice(0, 3).map((link) => new URL((link as HTMLAnchorElement).href).pathname));
}

test('questions find the page that answers them among the first three', async ({ page }) => {
  await page.goto('/');
  await page.keyboard.press('/');
  const missed: string[] = [];
  for (const [query, path] of QUESTIONS) {
    const found = await search(page, query);
    if (!found.includes(path)) missed.push(`${query}: ${found.join(' ')}`);
  }
  expect(missed).toEqual([]);
});

test('aliases and misspellings arrive at the page first', async ({ page }) => {
  await page.goto('/');
  await page.keyboard.press('Control+k');
  for (const [query, path] of [
    ['graphics card', '/hardware/gpu/'],
    ['motherbaord', '/hardware/motherboard/'],
    ['unified memory', '/hardware/unified-memory/'],
    ['unifiedmemory', '/hardware/unified-memory/'],
  ] as const) {
    expect((await search(page, query))[0], query).toBe(path);
  }
});

test('the name of a machine or a model finds its page, after those of the guide', async ({ page }) => {
  await page.goto('/');
  await page.keyboard.press('/');
  for (const [query, path] of [
    ['rtx 3090', '/machines/rtx-3090/'],
    ['qwen3.8 27b', '/models/qwen3-8-27b/'],
    ['llama 3.3 70b vram', '/models/llama-3-3-70b/'],
    ['what runs on a 4060', '/machines/rtx-4060/'],
  ] as const) {
    const [first = ''] = await search(page, query);
    expect(first, query).not.toMatch(/^\/(machines|models)\//);
    const all = await page
      .locator('[data-search-results] > li > a')
      .evaluateAll((links) => links.map((link) => new URL((link as HTMLAnchorElement).href).pathname));
    expect(
      all.find((found) => /^\/(machines|models)\/./.test(found)),
      query,
    ).toBe(path);
  }
});

test('search loads nothing before it is opened, and works by keyboard alone', async ({ page }) => {
  const requested: string[] = [];
  page.on('request', (request) => requested.push(new URL(request.url()).pathname));
  await page.goto('/');
  await page.waitForLoadState('networkidle');
  expect(requested.filter((path) => /pagefind|search/.test(path))).toEqual([]);

  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox')).toBeFocused();
  await page.keyboard.type('storage');
  await expect(page.locator('[data-search-results] a').first()).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await expect(page.locator('[data-search-results] a').first()).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('searchbox')).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/\/hardware\/storage\//);
});

test('what is typed before the search has loaded is searched for, whole', async ({ page }) => {
  await page.route(/\/_astro\/search\./, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 600));
    await route.continue();
  });
  await page.goto('/');
  await page.keyboard.press('/');
  await page.keyboard.type('storage', { delay: 150 });
  await expect(page.getByRole('searchbox')).toHaveValue('storage');
  await expect(page.locator('[data-search-results] a').first()).toHaveAttribute('href', /\/hardware\/storage\//);
});

test('a search without result says so, and closes with Escape', async ({ page }) => {
  await page.goto('/');
  await page.keyboard.press('/');
  await page.getByRole('searchbox').fill('zzqxv wfgh');
  await expect(page.locator('[data-search-status]')).toContainText('Nothing found');
  await page.keyboard.press('Escape');
  await expect(page.locator('[data-search-dialog]')).toBeHidden();
});
