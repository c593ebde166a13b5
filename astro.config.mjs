import { satteri } from '@astrojs/markdown-satteri';
import preact from '@astrojs/preact';
import starlight from '@astrojs/starlight';
import { defineConfig } from 'astro/config';
import { calculatorDataPlugin } from './src/site/calculator-data.ts';
import { dataCheck } from './src/site/check-data.ts';
import { finishBuild } from './src/site/finish-build.ts';
import { interactionDirective } from './src/site/interaction.ts';
import { markdownPlugins } from './src/site/markdown.ts';
import { settings } from './src/site/settings.ts';

/** Our own version of a Starlight component, where the original is heavier or says less than this site needs. */
const override = (name) => [name, `./src/components/starlight/${name}.astro`];

export default defineConfig({
  site: settings.address,
  base: settings.basePath,
  trailingSlash: 'always',
  prefetch: false,
  cacheDir: './.cache/astro',
  markdown: {
    processor: satteri({
      mdastPlugins: markdownPlugins({ basePath: settings.basePath }),
      features: { headingAttributes: true, math: { singleDollarTextMath: false }, smartPunctuation: { dashes: false } },
    }),
  },
  integrations: [
    dataCheck(),
    preact(),
    interactionDirective(),
    starlight({
      title: settings.name,
      credits: false,
      // An edit link needs a place to edit; forks and copies set SITE_REPOSITORY.
      ...(settings.repository === null ? {} : { editLink: { baseUrl: `${settings.repository}/edit/main/` } }),
      disable404Route: true,
      customCss: ['./src/styles/site.css'],
      routeMiddleware: './src/site/route.ts',
      tableOfContents: { minHeadingLevel: 2, maxHeadingLevel: 3 },
      markdown: { headingLinks: false },
      expressiveCode: { frames: false, textMarkers: false, defaultProps: { wrap: true } },
      components: Object.fromEntries(
        [
          'Footer',
          'Head',
          'LanguageSelect',
          'MarkdownContent',
          'MobileTableOfContents',
          'PageTitle',
          'Search',
          'Sidebar',
          'SiteTitle',
          'TableOfContents',
          'ThemeProvider',
          'ThemeSelect',
        ].map(override),
      ),
    }),
    // Last, so that every page and the search index are there.
    finishBuild({ basePath: settings.basePath }),
  ],
  vite: { build: { assetsInlineLimit: 0 }, plugins: [calculatorDataPlugin()] },
});
