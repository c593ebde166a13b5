/** Reads model files beside the page, so that a hostile one can be ended with its thread. Nothing leaves the browser. */

import { EngineError } from '../../engine/errors.ts';
import type { ModelShape } from '../../engine/model.ts';
import type { Workload } from '../../engine/workload.ts';
import { modelFromConfig } from '../../import/config.ts';
import { modelFromGguf, partsOf } from '../../import/gguf-model.ts';
import { blobSource, readGguf } from '../../import/gguf.ts';

export type ImportRequest = { readonly kind: 'gguf'; readonly files: readonly File[] } | { readonly kind: 'config'; readonly text: string };

export type ImportAnswer =
  | {
      readonly ok: true;
      readonly name: string | null;
      readonly shape: ModelShape;
      readonly workload: Workload | null;
      readonly context: number | null;
      readonly remarks: readonly string[];
    }
  | { readonly ok: false; readonly message: string };

async function read(request: ImportRequest): Promise<ImportAnswer> {
  if (request.kind === 'config') {
    let json: unknown;
    try {
      json = JSON.parse(request.text);
    } catch {
      return { ok: false, message: 'This is no JSON. Paste the whole of config.json, from the first brace to the last.' };
    }
    const { shape, contextNative, notes } = modelFromConfig(json);
    return { ok: true, name: null, shape, workload: null, context: contextNative, remarks: notes };
  }
  const headers = await Promise.all(request.files.map((file) => readGguf(blobSource(file))));
  const [first, ...others] = headers;
  if (first === undefined) return { ok: false, message: 'No file was chosen.' };
  const parts = partsOf(first);
  if (parts > headers.length) {
    return { ok: false, message: `This model is split into ${String(parts)} files. Choose all of them at once, the first included.` };
  }
  const { shape, workload, notes } = modelFromGguf(first, others);
  const name = first.metadata.get('general.name');
  const context = first.metadata.get(`${shape.architecture}.context_length`);
  return {
    ok: true,
    name: typeof name === 'string' && name.trim() !== '' ? name.slice(0, 80) : null,
    shape,
    workload,
    context: typeof context === 'number' && context > 0 ? context : null,
    remarks: notes,
  };
}

self.addEventListener('message', (event: MessageEvent<ImportRequest>) => {
  read(event.data).then(
    (answer) => {
      self.postMessage(answer);
    },
    (error: unknown) => {
      const message = error instanceof EngineError ? error.message : 'This file can’t be read: it is damaged, or no model file.';
      self.postMessage({ ok: false, message } satisfies ImportAnswer);
    },
  );
});
