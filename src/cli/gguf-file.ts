/** A GGUF file by its path, or by its address with range requests: only the header is read. */

import { open } from 'node:fs/promises';
import { EngineError } from '../engine/errors.ts';
import { modelFromGguf, type GgufModel } from '../import/gguf-model.ts';
import { readGguf, type ByteSource } from '../import/gguf.ts';

/** @param path of a file here @throws {EngineError} `no-file` */
async function withFile<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  const file = await open(path, 'r').catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new EngineError('no-file', `The file "${path}" can't be opened (${code}): check the path.`);
  });
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw new EngineError('no-file', `"${path}" is not a file: give the path of a .gguf file.`);
    return await use({
      size: stat.size,
      read: async (offset, length) => {
        const buffer = new Uint8Array(Math.min(length, Math.max(0, stat.size - offset)));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, offset);
        return buffer.subarray(0, bytesRead);
      },
    });
  } finally {
    await file.close();
  }
}

/** @param address http or https; the server must answer range requests */
function remote(address: string): ByteSource {
  return {
    size: null,
    read: async (offset, length) => {
      const response = await fetch(address, { headers: { Range: `bytes=${String(offset)}-${String(offset + length - 1)}` } }).catch(
        (error: unknown) => {
          throw new EngineError('no-file', `"${address}" can't be reached: ${error instanceof Error ? error.message : String(error)}.`);
        },
      );
      if (response.status === 416) return new Uint8Array(0);
      if (response.status !== 206) {
        await response.body?.cancel();
        throw new EngineError(
          'no-range',
          `"${address}" answered with status ${String(response.status)} instead of a part of the file: download it and give its path.`,
        );
      }
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}

/**
 * The model in a GGUF file.
 *
 * @throws {EngineError} when the file can't be read, is broken, or holds an architecture that is not known
 */
export async function modelFromPath(path: string): Promise<GgufModel> {
  if (/^https?:\/\//.test(path)) return modelFromGguf(await readGguf(remote(path)));
  return withFile(path, async (source) => modelFromGguf(await readGguf(source)));
}
