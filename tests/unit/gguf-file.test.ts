import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { modelFromPath } from '../../src/cli/gguf-file.ts';
import { EngineError } from '../../src/engine/errors.ts';
import { modelFromGguf } from '../../src/import/gguf-model.ts';
import { blobSource, readGguf, type GgufHeader, type GgufTensor, type GgufValue } from '../../src/import/gguf.ts';

const WHOLE = 'tests/fixtures/gguf/tiny-llama-dense-f16.gguf';

let folder = '';
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gguf-'));
});
after(async () => {
  await rm(folder, { recursive: true });
});

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
  return 'no fault';
}

const wholeHeader = async (): Promise<GgufHeader> => readGguf(blobSource(new Blob([await readFile(WHOLE)])));

/** Tensors of a part, with offsets from the start of its own data. */
function partOf(tensors: readonly GgufTensor[], from: number, to: number): readonly GgufTensor[] {
  const list = tensors.slice(from, to);
  const start = list[0]?.offset ?? 0;
  return list.map((tensor) => ({ ...tensor, offset: tensor.offset - start }));
}

/** A header as bytes; only the kinds of values that split files need. */
function bytesOf(metadata: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensor[]): Buffer {
  const parts: Buffer[] = [];
  const u32 = (value: number): void => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    parts.push(bytes);
  };
  const u64 = (value: number): void => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    parts.push(bytes);
  };
  const text = (value: string): void => {
    u64(Buffer.byteLength(value));
    parts.push(Buffer.from(value));
  };
  const plain = [...metadata].filter(([, value]) => typeof value === 'string' || Number.isInteger(value));
  parts.push(Buffer.from('GGUF'));
  u32(3);
  u64(tensors.length);
  u64(plain.length);
  for (const [key, value] of plain) {
    text(key);
    u32(typeof value === 'string' ? 8 : 4);
    if (typeof value === 'string') text(value);
    else u32(Number(value));
  }
  for (const { name, dimensions, typeId, offset } of tensors) {
    text(name);
    u32(dimensions.length);
    for (const dimension of dimensions) u64(dimension);
    u32(typeId);
    u64(offset);
  }
  return Buffer.concat(parts);
}

/** The tiny model as three files, as llama-gguf-split makes them: the model's figures in the first alone. */
async function split(): Promise<readonly string[]> {
  const { metadata, tensors, fileBytes } = await wholeHeader();
  const cuts = [0, 3, 8, tensors.length];
  return Promise.all(
    cuts.slice(0, -1).map(async (from, index) => {
      const own: [string, GgufValue][] = [
        ['split.no', index],
        ['split.count', 3],
        ['split.tensors.count', tensors.length],
      ];
      const path = join(folder, `tiny-${String(index + 1).padStart(5, '0')}-of-00003.gguf`);
      const file = await open(path, 'w');
      await file.write(bytesOf(new Map([...(index === 0 ? metadata : []), ...own]), partOf(tensors, from, cuts[index + 1] ?? 0)));
      // Long enough for the tensors, and sparse.
      await file.truncate(fileBytes ?? 0);
      await file.close();
      return path;
    }),
  );
}

test('a file dropped in a browser is read as one on disk', async () => {
  const { workload, ...rest } = modelFromGguf(await wholeHeader());
  const { workload: other, ...same } = await modelFromPath(WHOLE);
  assert.deepEqual(rest, same);
  assert.equal(workload.bytes, other.bytes);
});

test('any part of a split model stands for all of them, in the order of their numbers', async () => {
  const whole = await modelFromPath(WHOLE);
  for (const path of await split()) {
    const model = await modelFromPath(path);
    assert.deepEqual(model.shape, whole.shape);
    assert.equal(model.tensorBytes, whole.tensorBytes);
    assert.deepEqual(model.workload.denseBytes, whole.workload.denseBytes);
  }
});

test('a part that is missing, doubled or renamed is told', async () => {
  const [first = '', second = '', third = ''] = await split();
  const headers = await Promise.all([first, second, third].map(async (path) => readGguf(blobSource(new Blob([await readFile(path)])))));
  const [one, two] = headers;
  assert.ok(one !== undefined && two !== undefined);
  for (const others of [[], [two], [two, two]]) {
    assert.throws(
      () => modelFromGguf(one, others),
      (error) => error instanceof EngineError && error.code === 'split-gguf',
    );
  }
  await rm(third);
  assert.equal(await codeOf(modelFromPath(first)), 'no-file');
});

/** Runs a server for the length of a question. */
async function served<T>(answer: RequestListener, use: (address: string) => Promise<T>): Promise<T> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await use(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}/tiny.gguf`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test('of a file at an address only ranges are asked for', async () => {
  const bytes = await readFile(WHOLE);
  const asked: string[] = [];
  const model = await served(
    (request, response) => {
      const { range = '' } = request.headers;
      asked.push(range);
      const [, from = 0, to = 0] = (/^bytes=(\d+)-(\d+)$/.exec(range) ?? []).map(Number);
      if (from >= bytes.length) response.writeHead(416).end();
      else response.writeHead(206).end(bytes.subarray(from, to + 1));
    },
    async (address) => modelFromPath(address),
  );
  assert.equal(model.tensorBytes, (await modelFromPath(WHOLE)).tensorBytes);
  assert.ok(asked.length > 0 && asked.every((range) => /^bytes=\d+-\d+$/.test(range)));
});

test('servers that know no ranges, or are not there, are told', async () => {
  const whole = await served(
    (_, response) => void response.writeHead(200).end('GGUF and all the rest'),
    async (address) => codeOf(modelFromPath(address)),
  );
  assert.equal(whole, 'no-range');
  assert.equal(
    await served(
      (_, response) => void response.destroy(),
      async (address) => codeOf(modelFromPath(address)),
    ),
    'no-file',
  );
  assert.equal(await codeOf(modelFromPath(join(folder, 'nothing.gguf'))), 'no-file');
  assert.equal(await codeOf(modelFromPath(folder)), 'no-file');
});
