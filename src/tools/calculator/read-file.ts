import { FROM_A_FILE, type Imported } from './answer.ts';
import type { ImportAnswer, ImportRequest } from './import-worker.ts';

/** How long a header may take to be read, milliseconds; a real one of 17 MB takes half a second. */
const PATIENCE = 5000;

/**
 * Reads a model file in a thread of its own, which is ended when it takes too long.
 *
 * @returns what was read, or a sentence that says why not
 */
export async function readModel(request: ImportRequest, name: string): Promise<Imported | { readonly problem: string }> {
  const worker = new Worker(new URL('./import-worker.ts', import.meta.url), { type: 'module' });
  try {
    const answer = await new Promise<ImportAnswer>((resolve) => {
      const timer = setTimeout(() => {
        resolve({ ok: false, message: 'Reading it took too long and was ended. It is damaged, or no model file.' });
      }, PATIENCE);
      worker.addEventListener('message', (event: MessageEvent<ImportAnswer>) => {
        clearTimeout(timer);
        resolve(event.data);
      });
      worker.addEventListener('error', (event) => {
        event.preventDefault();
        clearTimeout(timer);
        resolve({ ok: false, message: 'This file can’t be read: it is damaged, or no model file.' });
      });
      worker.postMessage(request);
    });
    if (!answer.ok) return { problem: answer.message };
    const { shape, workload, context, remarks } = answer;
    const shown = answer.name ?? name;
    return {
      name: shown,
      workload,
      contextNative: context,
      remarks,
      model: {
        id: FROM_A_FILE,
        name: shown,
        family: 'From a file',
        kind: 'instruct',
        shape,
        contextNative: context ?? 2 ** 24,
        contextExtended: null,
        paramsTextB: 0,
        paramsActiveB: 0,
        commercial: 'limited',
        licence: 'not known',
        inputs: ['text'],
        repository: null,
      },
    };
  } finally {
    worker.terminate();
  }
}
