/** A GGUF file by its path, or by its address with range requests: only the header is read. */

import { open } from 'node:fs/promises';
import { EngineError } from '../engine/errors.ts';
import { modelFromGguf, partsOf, type GgufModel } from '../import/gguf-model.ts';
import { readGguf, type ByteSource, type GgufHeader } from '../import/gguf.ts';

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
 * The model in a GGUF file, or in all the parts of one that is split.
 *
 * @throws {EngineError} when the file can't be read, is broken, or holds an architecture that is not known
 */
export async function modelFromPath(path: string): Promise<GgufModel> {
  const header = await headerOf(path);
  const count = partsOf(header);
  // Parts are named …-00001-of-00003.gguf; any of them stands for all.
  const [, stem, given, ending, named] = /^(.*-)(\d{5})(-of-(\d{5})\.gguf.*)$/.exec(path) ?? [];
  if (count === 1 || Number(named) !== count || stem === undefined || ending === undefined) return modelFromGguf(header);
  const names = Array.from({ length: count }, (_, index) => String(index + 1).padStart(5, '0')).filter((number) => number !== given);
  return modelFromGguf(header, await Promise.all(names.map(async (number) => headerOf(stem + number + ending))));
}

async function headerOf(path: string): Promise<GgufHeader> {
  return /^https?:\/\//.test(path) ? readGguf(remote(path)) : withFile(path, readGguf);
}
