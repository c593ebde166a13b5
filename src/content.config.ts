import { docsLoader } from '@astrojs/starlight/loaders';
import { docsSchema } from '@astrojs/starlight/schema';
import { defineCollection } from 'astro:content';
import { SCHEMAS } from './schemas/collections.ts';
import { page } from './schemas/page.ts';
import { dataCollection } from './site/data-loader.ts';

export const collections = {
  // Generated pages go through the same schema and have no place in the reading order, so nothing of ours is required here;
  // `site/sections.ts` requires all of it of every page of the guide.
  docs: defineCollection({ loader: docsLoader(), schema: docsSchema({ extend: page.partial() }) }),
  hardware: defineCollection({ loader: dataCollection('hardware'), schema: SCHEMAS.hardware }),
  models: defineCollection({ loader: dataCollection('models'), schema: SCHEMAS.models }),
  quants: defineCollection({ loader: dataCollection('quants'), schema: SCHEMAS.quants }),
  quality: defineCollection({ loader: dataCollection('quality'), schema: SCHEMAS.quality }),
  measurements: defineCollection({ loader: dataCollection('measurements'), schema: SCHEMAS.measurements }),
  timeline: defineCollection({ loader: dataCollection('timeline'), schema: SCHEMAS.timeline }),
  programs: defineCollection({ loader: dataCollection('programs'), schema: SCHEMAS.programs }),
  formats: defineCollection({ loader: dataCollection('formats'), schema: SCHEMAS.formats }),
  families: defineCollection({ loader: dataCollection('families'), schema: SCHEMAS.families }),
  licences: defineCollection({ loader: dataCollection('licences'), schema: SCHEMAS.licences }),
  changes: defineCollection({ loader: dataCollection('changes'), schema: SCHEMAS.changes }),
  terms: defineCollection({ loader: dataCollection('terms'), schema: SCHEMAS.terms }),
  sources: defineCollection({ loader: dataCollection('sources'), schema: SCHEMAS.sources }),
};
