import astro from 'eslint-plugin-astro';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * The house: which room may import from which. Arrows point one way, so that the engine stays free of everything and a page
 * never reaches around the pieces made for it.
 */
const ROOMS = ['charts', 'cli', 'components', 'data', 'engine', 'import', 'pages', 'schemas', 'site', 'tools'];
const MAY_IMPORT = {
  engine: [],
  schemas: ['engine'],
  import: ['engine', 'schemas'],
  charts: ['engine'],
  tools: ['engine', 'import'],
  cli: ['engine', 'import', 'schemas', 'site'],
  site: ['engine', 'import', 'schemas'],
  components: ['engine', 'import', 'charts', 'schemas', 'site', 'tools'],
  pages: ['engine', 'import', 'charts', 'schemas', 'site', 'tools', 'components'],
};

const arrows = Object.entries(MAY_IMPORT).map(([room, allowed]) => {
  const forbidden = ROOMS.filter((other) => other !== room && !allowed.includes(other)).join('|');
  const patterns = [
    {
      regex: `^(~/|(\\.\\./)+)(${forbidden})/`,
      message: `src/${room} may import from ${allowed.length === 0 ? 'nothing but itself' : allowed.join(', ')} (see CONTRIBUTING, "The house").`,
    },
  ];
  // The engine runs in a browser, on the command line and in a worker: no package, no Node.
  if (room === 'engine') patterns.push({ regex: '^[^.]', message: 'src/engine imports nothing but itself.' });
  if (room === 'tools') patterns.push({ regex: '^(node:|astro:)', message: 'src/tools runs in a browser and reads no files.' });
  return { files: [`src/${room}/**/*.{ts,tsx,astro}`], rules: { 'no-restricted-imports': ['error', { patterns }] } };
});

export default defineConfig(
  { ignores: ['dist/', '.astro/', '.cache/', 'node_modules/'] },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      // `.at()`-like access with a check is clearer than a chain of guards in arithmetic.
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      '@typescript-eslint/dot-notation': 'off',
    },
  },
  {
    files: ['tests/**/*.ts'],
    rules: {
      // node:test's functions return promises that the runner waits for; parsed fixtures are given their type.
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'describe', 'it'], package: 'node:test' }] },
      ],
      '@typescript-eslint/no-unsafe-type-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': 'off',
    },
  },
  ...astro.configs.recommended,
  ...arrows,
  {
    files: ['src/**/*.{ts,tsx,astro}'],
    ignores: ['src/site/url.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'JSXAttribute[name.name=/^(href|src|action)$/] > Literal[value=/^\\u002F/]',
          message: 'A literal root-relative address ignores the base path: write url("/…").',
        },
      ],
    },
  },
);
