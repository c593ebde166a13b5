/** Every page by axe's rules (of the generated ones a sample), in light and dark, on a desktop and on a phone. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { sampledPaths } from '../support/built-site.ts';
import { expect, test } from '../support/page.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly unknown[]; readonly failureSummary?: string }[];
}

async function violations(page: import('@playwright/test').Page, onlyContrast: boolean): Promise<string[]> {
  const found = await page.evaluate(async (contrast): Promise<Finding[]> => {
    const { axe } = globalThis as unknown as { axe: { run(context: Document, options: object): Promise<{ violations: Finding[] }> } };
    const options = contrast
      ? { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } }
      : { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] } };
    return (await axe.run(document, options)).violations;
  }, onlyContrast);
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} at ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}

/** Waits until the page has taken up the theme and the width, which it does a frame later. */
async function settle(page: import('@playwright/test').Page, scheme: string): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-theme', scheme);
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      }),
  );
}

const isFull = process.env['TEST_FULL'] !== undefined;

/** Every how manieth page is looked at in the dark and on a phone too: colours and layout come from styles that all pages share. */
const EVERY = 6;

for (const [index, path] of sampledPaths('dist').entries()) {
  test(`axe: ${path}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(path);
    await page.evaluate(axe);
    const all: string[] = [];
    const everywhere = isFull || index % EVERY === 0;
    for (const scheme of everywhere ? (['light', 'dark'] as const) : (['light'] as const)) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      for (const width of [1280, 375, 320]) {
        await page.setViewportSize({ width, height: 900 });
        await settle(page, scheme);
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        if (overflow > 0) all.push(`${scheme} ${String(width)} px: the page is ${String(overflow)} px wider than the window`);
        if (width === 320 || (width === 375 && !everywhere)) continue;
        // Colours alone differ in the dark; all other rules have been asked in the light.
        const found = await violations(page, scheme === 'dark');
        all.push(...found.map((finding) => `${scheme} ${String(width)} px: ${finding}`));
      }
    }
    expect(all).toEqual([]);
  });
}

test('axe: the search dialog with results', async ({ page }) => {
  await page.goto('/');
  await page.keyboard.press('/');
  await page.getByRole('searchbox').fill('memory');
  await expect(page.locator('[data-search-results] a').first()).toBeVisible();
  await page.evaluate(axe);
  expect(await violations(page, false)).toEqual([]);
});

test('320 px wide: no page scrolls sideways', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 700 });
  const wide: string[] = [];
  for (const path of sampledPaths('dist')) {
    await page.goto(path);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (overflow > 0) wide.push(`${path}: ${String(overflow)} px`);
  }
  expect(wide).toEqual([]);
});
