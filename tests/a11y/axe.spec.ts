/** Every page by axe's rules (of the generated ones a sample), in light and dark, on a desktop and on a phone. */

import { axe, settle, violations } from '../support/axe.ts';
import { sampledPaths } from '../support/built-site.ts';
import { expect, test } from '../support/page.ts';

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
