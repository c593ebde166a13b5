import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Loader } from 'astro/loaders';
import { fileOf, readCollection, type CollectionName } from '../schemas/collections.ts';

/** Reads a file; undefined when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * A content collection from its file of JSON lines in `src/data`.
 *
 * Astro's own `file()` lets broken lines, missing files and double ids through with the records of the last good build;
 * this one stops the build and tells every fault.
 */
export function dataCollection(name: CollectionName): Loader {
  return {
    name: `data-${name}`,
    async load(context) {
      const { config, store, watcher } = context;
      const path = fileURLToPath(new URL(`data/${fileOf(name)}`, config.srcDir));
      const update = async (): Promise<void> => {
        const records = readCollection(name, await readIfThere(path));
        store.clear();
        for (const record of records) {
          const data = await context.parseData({ id: record.id, data: { ...record } });
          store.set({ id: record.id, data, digest: context.generateDigest(data) });
        }
      };
      await update();
      watcher?.add(path);
      watcher?.on('change', (changed) => {
        if (changed === path) void update();
      });
    },
  };
}
