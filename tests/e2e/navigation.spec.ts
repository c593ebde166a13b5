import { builtPaths } from '../support/built-site.ts';
import { expect, test } from '../support/page.ts';
import { BELOW, ROOT } from '../playwright.config.ts';

/** Chromium's entry, which the standard library's types don't know. */
interface LayoutShift extends PerformanceEntry {
  readonly value: number;
  readonly sources: readonly { readonly node: Node | null }[];
}

/** Addresses of the site's own pages that a page links to, without queries and anchors. */
function linksOf(html: string, base: string): string[] {
  const addresses = [...html.matchAll(/<a\s[^>]*href="([^"#?]+)/g)].map(([, href = '']) => href);
  return addresses.filter((href) => href.startsWith(base) && href.endsWith('/'));
}

test('every page is reached from home by links alone', async ({ request }) => {
  const seen = new Set<string>(['/']);
  const waiting = ['/'];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const response = await request.get(next);
    expect(response.status(), next).toBe(200);
    for (const link of linksOf(await response.text(), '/')) {
      if (!seen.has(link)) {
        seen.add(link);
        waiting.push(link);
      }
    }
  }
  // The page for frames is linked from other people's pages alone.
  expect([...seen].sort()).toEqual(
    builtPaths('dist')
      .filter((path) => path !== '/embed/')
      .sort(),
  );
});

test('previous and next walk the reading order without a gap', async ({ page, request }) => {
  await page.goto('/sections/');
  const order = await page
    .locator('main dt a')
    .evaluateAll((links) => links.map((link) => new URL((link as HTMLAnchorElement).href).pathname));
  expect(order.length).toBeGreaterThan(100);
  const linkOf = (html: string, rel: string): string | undefined => {
    const [tag] = new RegExp(`<a [^>]*rel="${rel}"[^>]*>`).exec(html) ?? [];
    return /href="([^"]+)"/.exec(tag ?? '')?.[1];
  };
  const walked: string[] = [];
  let path: string | undefined = '/';
  while (path !== undefined) {
    const html: string = await (await request.get(path)).text();
    expect(linkOf(html, 'prev'), path).toBe(walked.at(-1));
    walked.push(path);
    path = linkOf(html, 'next');
  }
  expect(walked).toEqual(order);
  // And once with the mouse.
  await page.goto('/');
  await page.locator('a[rel="next"]').click();
  await expect(page).toHaveURL(new RegExp(`${order[1] ?? ''}$`));
});

test('the sidebar opens on a phone and leads to a page', async ({ page }) => {
  await page.setViewportSize({ width: 375, height: 740 });
  await page.goto('/hardware/overview/');
  const link = page.getByRole('link', { name: 'Memory', exact: true });
  await expect(link).toBeHidden();
  await page.getByRole('button', { name: 'Menu' }).click();
  await expect(link).toBeVisible();
  await link.click();
  await expect(page).toHaveURL(/\/hardware\/memory\/$/);
  await expect(page.locator('h1')).toBeVisible();
});

for (const width of [1280, 375]) {
  test(`a link to a section lands on its heading below the header at ${String(width)} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 800 });
    for (const path of ['/hardware/what-matters/', '/hardware/gpu/']) {
      await page.goto(path);
      const ids = await page.locator('main h2[id]').evaluateAll((headings) => headings.map((heading) => heading.id));
      expect(ids.length).toBeGreaterThan(1);
      for (const id of ids) {
        await page.goto('about:blank');
        await page.goto(`${path}#${id}`);
        const heading = page.locator(`#${id}`);
        await expect(heading).toBeInViewport();
        const top = (await heading.boundingBox())?.y ?? -1;
        const header = await page.locator('header.header').boundingBox();
        const contents = await page.locator('[data-toc-mobile]').boundingBox();
        const covered = Math.max((header?.y ?? 0) + (header?.height ?? 0), contents === null ? 0 : contents.y + contents.height);
        // The last sections can't be scrolled to the top; none may lie beneath the header.
        expect(top, `${path}#${id}`).toBeGreaterThanOrEqual(covered);
      }
    }
  });
}

test('an unknown address gets a page that helps', async ({ page }) => {
  const response = await page.goto('/no/such/page/');
  expect(response?.status()).toBe(404);
  await expect(page.locator('h1')).toHaveText('There is no page here');
  await expect(page.locator('main').getByRole('button', { name: 'Search the guide' })).toBeVisible();
  await page.getByRole('link', { name: 'the list of all pages' }).click();
  await expect(page.locator('h1')).toHaveText('All pages');
});

test('back and forward restore the calculator', async ({ page }) => {
  await page.goto('/calculator/');
  await page.locator('.calculator').hover();
  await expect(page.locator('.calculator[data-ready]')).toBeAttached();
  await page.getByLabel('Model', { exact: true }).selectOption('qwen3-8b');
  await expect(page).toHaveURL(/model=qwen3-8b/);
  await page.getByLabel('Machine', { exact: true }).selectOption('rtx-3090');
  await expect(page).toHaveURL(/machine=rtx-3090/);
  const headline = await page.locator('[data-headline]').textContent();
  await page.getByRole('link', { name: 'What matters for running LLMs' }).click();
  await expect(page).toHaveURL(/what-matters/);
  await page.goBack();
  await expect(page.getByLabel('Model', { exact: true })).toHaveValue('qwen3-8b');
  await expect(page.getByLabel('Machine', { exact: true })).toHaveValue('rtx-3090');
  await expect(page.locator('[data-headline]')).toHaveText(headline ?? '');
  await page.goBack();
  await expect(page.getByLabel('Machine', { exact: true })).toHaveValue('rtx-3060-12gb');
  await expect(page.getByLabel('Model', { exact: true })).toHaveValue('qwen3-8b');
  await page.goForward();
  await expect(page.getByLabel('Machine', { exact: true })).toHaveValue('rtx-3090');
});

test('the theme follows the system until one is chosen, and the choice stays', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/');
  const root = page.locator('html');
  await expect(root).toHaveAttribute('data-theme', 'light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await expect(root).toHaveAttribute('data-theme', 'dark');
  await page.locator('header').getByLabel('Theme').selectOption('light');
  await expect(root).toHaveAttribute('data-theme', 'light');
  await page.goto('/hardware/gpu/');
  await expect(root).toHaveAttribute('data-theme', 'light');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('pages, navigation and the worked default of the calculator are there, and the theme follows the system', async ({ page }) => {
    await page.emulateMedia({ colorScheme: 'light' });
    await page.goto('/');
    const background = await page.locator('body').evaluate((body) => getComputedStyle(body).backgroundColor);
    const channels = (background.match(/\d+/g) ?? []).slice(0, 3).map(Number);
    expect(Math.min(...channels)).toBeGreaterThan(200);
    await expect(page.locator('[data-search-open]').first()).toBeHidden();
    await expect(page.locator('[data-theme-select]').first()).toBeHidden();
    await page.locator('a[rel="next"]').click();
    await expect(page.locator('main h1')).toBeVisible();
    await page.goto('/calculator/');
    await expect(page.locator('[data-headline]')).toContainText('Fits');
    await expect(page.locator('[data-decode]')).toContainText('tokens/s');
  });
});

test('the build below a path works: links, search, calculator', async ({ page }) => {
  await page.goto(BELOW);
  await page.locator('a[rel="next"]').click();
  await expect(page).toHaveURL(/\/faq\/start\/first-model\/$/);
  await page.keyboard.press('/');
  await page.getByRole('searchbox').fill('four sticks of memory');
  await expect(page.locator('[data-search-results] a').first()).toHaveAttribute('href', /^(http:\/\/localhost:4411)?\/faq\//);
  await page.keyboard.press('Escape');
  await page.goto(`${BELOW}calculator/?model=qwen3-8b&machine=rtx-3090`);
  await expect(page.getByLabel('Machine', { exact: true })).toHaveValue('rtx-3090');
});

for (const width of [375, 768, 1280]) {
  test(`nothing moves while pages load at ${String(width)} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 900 });
    for (const path of [
      '/',
      '/hardware/what-matters/',
      '/hardware/overview/',
      '/calculator/?model=qwen3-8b&ctx=4096',
      '/sections/hardware/',
    ]) {
      // It is a race, so the worst of several loads counts.
      for (let load = 0; load < 3; load += 1) {
        await page.goto('about:blank');
        await page.goto(ROOT + path.slice(1));
        const shift = await page.evaluate(
          () =>
            new Promise<{ sum: number; moved: string[] }>((resolve) => {
              let sum = 0;
              const moved: string[] = [];
              new PerformanceObserver((list) => {
                for (const entry of list.getEntries() as LayoutShift[]) {
                  sum += entry.value;
                  for (const { node } of entry.sources) moved.push(node instanceof Element ? node.outerHTML.slice(0, 100) : 'a text');
                }
              }).observe({ type: 'layout-shift', buffered: true });
              setTimeout(() => {
                resolve({ sum, moved });
              }, 300);
            }),
        );
        expect(shift.sum, `${path}: ${shift.moved.join(', ')}`).toBeLessThanOrEqual(0.01);
      }
    }
  });
}

test('the sidebar names every section of the outline, and links those that have pages', async ({ page }) => {
  await page.goto('/hardware/cpu/');
  const sidebar = page.getByRole('navigation', { name: 'Main' });
  for (const name of ['Start here', 'Basic terminology', 'Software for hosting a local LLM', 'How do I…', 'Evidence', 'About']) {
    await expect(sidebar.getByText(name)).toBeVisible();
  }
  await expect(sidebar.getByRole('link', { name: 'Start here' })).toHaveAttribute('href', /\/sections\/start\/$/);
  await expect(sidebar.getByRole('link', { name: 'Basic terminology' })).toHaveAttribute('href', /\/sections\/basic-terminology\/$/);
  await expect(sidebar.getByRole('link', { name: 'CPU', exact: true })).toHaveAttribute('aria-current', 'page');
});
