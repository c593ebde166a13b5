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

/** Pages that are one of their kind; all others come from few templates. */
const UNIQUE =
  /^\/(?:|calculator\/|embed\/|api\/|machines\/|models\/|quants\/|sections\/|resources\/(?:timeline|glossary)\/|evidence\/.*)$/;

/** Every how manieth of the other pages is asked by axe; with TEST_FULL all of them, in the dark and on a phone too. */
const EVERY = 4;

const all = sampledPaths('dist');
const asked = all.filter((path, index) => isFull || UNIQUE.test(path) || index % EVERY === 0);

for (const [index, path] of asked.entries()) {
  test(`axe: ${path}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(path);
    await page.evaluate(axe);
    const found: string[] = [];
    const everywhere = isFull || index % EVERY === 0;
    for (const scheme of everywhere ? (['light', 'dark'] as const) : (['light'] as const)) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      for (const width of everywhere ? [1280, 375] : [1280]) {
        await page.setViewportSize({ width, height: 900 });
        await settle(page, scheme);
        // Colours alone differ in the dark; all other rules have been asked in the light.
        found.push(...(await violations(page, scheme === 'dark')).map((finding) => `${scheme} ${String(width)} px: ${finding}`));
      }
    }
    expect(found).toEqual([]);
  });
}

test('no page is wider than a window of 320 or 1280 pixels', async ({ page }) => {
  test.setTimeout(600_000);
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  const wide: string[] = [];
  for (const path of all) {
    await page.setViewportSize({ width: 320, height: 800 });
    await page.goto(path, { waitUntil: 'domcontentloaded' });
    for (const width of [320, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (overflow > 0) wide.push(`${path} at ${String(width)} px: ${String(overflow)} px too wide`);
    }
  }
  expect(wide).toEqual([]);
});
