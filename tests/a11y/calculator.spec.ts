/** The calculator by axe's rules in each of its states, in the light and in the dark. */

import { axe, settle, violations } from '../support/axe.ts';
import { expect, test } from '../support/page.ts';

type Page = import('@playwright/test').Page;

const asItIs = (): Promise<void> => Promise.resolve();

const STATES: readonly (readonly [string, string, (page: Page) => Promise<void>])[] = [
  ['fits', '?machine=rtx-3090', asItIs],
  [
    'does not fit, everything unfolded',
    '?machine=rtx-3090&model=gpt-oss-120b&quant=MXFP4_MOE&n=2&host=epyc-9005',
    async (page) => {
      for (const summary of await page.locator('.calculator summary').all()) {
        if ((await summary.locator('..').getAttribute('open')) === null) await summary.click();
      }
    },
  ],
  [
    'a machine typed in, with a bad entry',
    '?machine=typed&own=amd~unified~128~256',
    async (page) => page.getByLabel('Context, tokens', { exact: true }).fill('lots'),
  ],
  [
    'what can I run',
    '?q=what-runs&machine=rtx-3090',
    async (page) => expect(page.locator('.lines tbody tr').first()).toBeVisible({ timeout: 30_000 }),
  ],
  ['what do I need', '?q=what-needs', async (page) => expect(page.locator('.lines tbody tr').first()).toBeVisible({ timeout: 30_000 })],
  ['compare', '?q=compare&machine=rtx-3090&with=machine%3Drtx-5090', asItIs],
  ['a bad address', '?model=nothing&ctx=-1', asItIs],
];

for (const [name, query, prepare] of STATES) {
  test(`axe: the calculator, ${name}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.goto(`/calculator/${query}`);
    await expect(page.locator('.calculator[data-ready]')).toBeAttached();
    await prepare(page);
    await page.evaluate(axe);
    const found: string[] = [];
    for (const [scheme, width] of [
      ['light', 1280],
      ['dark', 375],
    ] as const) {
      await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
      await page.setViewportSize({ width, height: 900 });
      await settle(page, scheme);
      found.push(...(await violations(page, false)).map((finding) => `${scheme} ${String(width)} px: ${finding}`));
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      if (overflow > 0) found.push(`${scheme} ${String(width)} px: ${String(overflow)} px too wide`);
    }
    expect(found).toEqual([]);
  });
}
