/** Every built page is valid HTML. What is switched off is markup of Starlight, Expressive Code and Astro that is not ours to change. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HtmlValidate, type ConfigData } from 'html-validate';
import { builtPages, sampled } from '../support/built-site.ts';

const config: ConfigData = {
  extends: ['html-validate:recommended'],
  elements: [
    'html5',
    {
      button: { permittedContent: ['@phrasing', '@flow'] },
      code: { permittedContent: ['@phrasing', '@flow'] },
      style: { flow: true, phrasing: true, metadata: true },
      // A definition that opens on a click may stand inside a paragraph.
      span: { permittedContent: ['@phrasing'], attributes: { popover: {} } },
    },
  ],
  rules: {
    'aria-label-misuse': 'off',
    'no-implicit-button-type': 'off',
    'no-inline-style': 'off',
    'no-redundant-role': 'off',
    'no-trailing-whitespace': 'off',
    'presentation-role-style': 'off',
    'text-content': 'off',
    'unique-landmark': 'off',
    'void-style': 'off',
    'wcag/h32': 'off',
    'valid-id': ['error', { relaxed: true }],
    'heading-level': ['error', { minInitialRank: 'any', allowMultipleH1: false }],
    'long-title': ['error', { maxlength: 70 }],
  },
};

const validator = new HtmlValidate(config);

for (const { path, html } of sampled(builtPages('dist'))) {
  test(`valid HTML: ${path}`, async () => {
    const report = await validator.validateString(html);
    const faults = report.results.flatMap(({ messages }) =>
      messages.map(({ line, column, ruleId, message }) => `${String(line)}:${String(column)} ${ruleId}: ${message}`),
    );
    assert.deepEqual(faults, []);
  });
}
