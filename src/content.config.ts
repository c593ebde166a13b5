import { docsLoader } from '@astrojs/starlight/loaders';
import { docsSchema } from '@astrojs/starlight/schema';
import { defineCollection } from 'astro:content';
import { hardware } from './schemas/hardware.ts';
import { model } from './schemas/model.ts';
import { page } from './schemas/page.ts';
import { quant } from './schemas/quant.ts';
import { source } from './schemas/source.ts';
import { term } from './schemas/term.ts';
import { dataFile } from './site/data-loader.ts';

export const collections = {
  // Generated pages go through the same schema and have no place in the reading order, so nothing of ours is required here;
  // `site/sections.ts` requires all of it of every page of the guide.
  docs: defineCollection({ loader: docsLoader(), schema: docsSchema({ extend: page.partial() }) }),
  hardware: defineCollection({ loader: dataFile('hardware.jsonl', hardware), schema: hardware }),
  models: defineCollection({ loader: dataFile('models.jsonl', model), schema: model }),
  quants: defineCollection({ loader: dataFile('quants.jsonl', quant), schema: quant }),
  sources: defineCollection({ loader: dataFile('sources.jsonl', source), schema: source }),
  terms: defineCollection({ loader: dataFile('terms.jsonl', term), schema: term }),
};
