/** A browser page that fails its test on any console message, script error or request to another host. */

import { test as base, expect } from '@playwright/test';

export const test = base.extend({
  page: async ({ page }, use) => {
    const faults: string[] = [];
    page.on('console', (message) => {
      // A page that is not there is told by the browser itself; the tests for it expect that.
      if (!message.text().includes('404 (Not Found)')) faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => {
      faults.push(`script error: ${error.message}`);
    });
    page.on('request', (request) => {
      const { hostname, protocol } = new URL(request.url());
      if (hostname !== 'localhost' && protocol !== 'data:' && protocol !== 'blob:')
        faults.push(`request to another host: ${request.url()}`);
    });
    await use(page);
    expect(faults).toEqual([]);
  },
});

export { expect };
