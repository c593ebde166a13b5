/**
 * Reader for the header of a GGUF file: its metadata and the list of its tensors. The weights themselves are never read.
 *
 * Source of the format: the GGUF specification in ggml's documentation, versions 2 and 3, little-endian.
 */

import { EngineError } from '../engine/errors.ts';

/** Where the bytes come from: a File in the browser, a file on disk, an address that answers ranges. */
export interface ByteSource {
  /** Bytes in all; null when that is not known. */
  readonly size: number | null;
  /** Reads up to `length` bytes from `offset`; fewer only at the end. */
  read: (offset: number, length: number) => Promise<Uint8Array>;
}

/** A file that the reader chose or dropped in a browser; nothing but what is asked for is loaded. */
export function blobSource(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}

/** A metadata value. Arrays longer than `LONGEST_ARRAY_KEPT`, such as the vocabulary, are passed over and only counted. */
export type GgufValue = number | bigint | boolean | string | readonly GgufValue[] | GgufSkippedArray;

/** An array that was passed over. */
export interface GgufSkippedArray {
  readonly length: number;
}

export interface GgufTensor {
  readonly name: string;
  /** Elements along each dimension, the row first. */
  readonly dimensions: readonly number[];
  /** ggml's number of the tensor type. */
  readonly typeId: number;
  /** Bytes from the start of the data section. */
  readonly offset: number;
}

export interface GgufHeader {
  readonly version: number;
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: readonly GgufTensor[];
  /** Where the data section begins, bytes from the start of the file. */
  readonly dataOffset: number;
  /** Bytes of the whole file; null when the source does not say. */
  readonly fileBytes: number | null;
}

/** Arrays up to this length are kept: per-layer figures are, vocabularies are not. */
const LONGEST_ARRAY_KEPT = 2048;
/** Larger counts than any model has; a header that claims more is broken. */
const MOST_TENSORS = 200_000;
const MOST_KEYS = 65_536;
const MOST_DIMENSIONS = 4;
const LONGEST_NAME = 65_535;
/** No text of a header, templates included, comes near this. */
const LONGEST_TEXT = 16 * 2 ** 20;
const LONGEST_ARRAY = 2 ** 26;
const DEFAULT_ALIGNMENT = 32;
/** Bytes asked for at a time; grows with what was read, so that large vocabularies take few requests. */
const FIRST_READ = 128 * 1024;
const LARGEST_READ = 8 * 2 ** 20;

/** ggml's numbers of value types. */
const VALUE = { u8: 0, i8: 1, u16: 2, i16: 3, u32: 4, i32: 5, f32: 6, bool: 7, string: 8, array: 9, u64: 10, i64: 11, f64: 12 } as const;

const FIXED_SIZES: ReadonlyMap<number, number> = new Map([
  [VALUE.u8, 1],
  [VALUE.i8, 1],
  [VALUE.u16, 2],
  [VALUE.i16, 2],
  [VALUE.u32, 4],
  [VALUE.i32, 4],
  [VALUE.f32, 4],
  [VALUE.bool, 1],
  [VALUE.u64, 8],
  [VALUE.i64, 8],
  [VALUE.f64, 8],
]);

function broken(what: string): EngineError {
  return new EngineError('broken-gguf', `This GGUF file is broken or cut off: ${what}. Download it again and compare its size.`);
}

/** Walks through a source from its start, holding only the part being read. */
class Cursor {
  readonly #source: ByteSource;
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(new ArrayBuffer(0));
  /** File offset of the first byte held. */
  #start = 0;
  /** Next byte to read, within those held. */
  #next = 0;
  #ended = false;
  #readSize = FIRST_READ;
  readonly #decoder = new TextDecoder();

  constructor(source: ByteSource) {
    this.#source = source;
  }

  get position(): number {
    return this.#start + this.#next;
  }

  /** Whether the next bytes are held already; the way that saves waiting for each of 260,000 words of a vocabulary. */
  has(length: number): boolean {
    return this.#next + length <= this.#bytes.length;
  }

  /** Makes sure that the next bytes are held. @throws {EngineError} `broken-gguf` when the file ends before */
  async need(length: number): Promise<void> {
    const { size } = this.#source;
    if (size !== null && this.position + length > size) {
      throw broken(`its header goes on for at least ${String(this.position + length)} bytes, and the file has ${String(size)}`);
    }
    while (!this.has(length)) {
      if (this.#ended) throw broken(`it ends inside its header, after ${String(this.#start + this.#bytes.length)} bytes`);
      const rest = this.#bytes.subarray(this.#next);
      const wanted = Math.max(this.#readSize, length - rest.length);
      const more = await this.#source.read(this.#start + this.#bytes.length, wanted);
      if (more.length < wanted) this.#ended = true;
      const joined = new Uint8Array(rest.length + more.length);
      joined.set(rest);
      joined.set(more, rest.length);
      this.#start += this.#next;
      this.#next = 0;
      this.#bytes = joined;
      this.#view = new DataView(joined.buffer, joined.byteOffset, joined.byteLength);
      this.#readSize = Math.min(LARGEST_READ, this.#readSize * 2);
    }
  }

  /** Passes over bytes that are held. */
  pass(length: number): void {
    this.#next += length;
  }

  /** Passes over bytes, without reading those that are not held. */
  async skip(length: number): Promise<void> {
    if (this.has(length)) {
      this.#next += length;
      return;
    }
    const { size } = this.#source;
    if (size !== null && this.position + length > size) await this.need(length);
    this.#start += this.#next + length;
    this.#next = 0;
    this.#bytes = new Uint8Array(0);
    this.#view = new DataView(new ArrayBuffer(0));
  }

  /** The next value of fixed size; `need` must have been called. */
  fixed(type: number): number | bigint | boolean {
    const at = this.#next;
    this.#next += FIXED_SIZES.get(type) ?? 0;
    switch (type) {
      case VALUE.u8:
        return this.#view.getUint8(at);
      case VALUE.i8:
        return this.#view.getInt8(at);
      case VALUE.u16:
        return this.#view.getUint16(at, true);
      case VALUE.i16:
        return this.#view.getInt16(at, true);
      case VALUE.u32:
        return this.#view.getUint32(at, true);
      case VALUE.i32:
        return this.#view.getInt32(at, true);
      case VALUE.f32:
        return this.#view.getFloat32(at, true);
      case VALUE.bool:
        return this.#view.getUint8(at) !== 0;
      case VALUE.u64:
        return this.#view.getBigUint64(at, true);
      case VALUE.i64:
        return this.#view.getBigInt64(at, true);
      default:
        return this.#view.getFloat64(at, true);
    }
  }

  /** The next four bytes as a count; `need(4)` must have been called. */
  u32(): number {
    const value = this.#view.getUint32(this.#next, true);
    this.#next += 4;
    return value;
  }

  /** The next eight bytes as a number; above 2^53 it is rounded, which every limit refuses. `need(8)` must have been called. */
  u64(): number {
    const low = this.#view.getUint32(this.#next, true);
    const high = this.#view.getUint32(this.#next + 4, true);
    this.#next += 8;
    return high * 2 ** 32 + low;
  }

  /** The next bytes as UTF-8; `need(length)` must have been called. */
  text(length: number): string {
    const text = this.#decoder.decode(this.#bytes.subarray(this.#next, this.#next + length));
    this.#next += length;
    return text;
  }
}

/** A count of the header, refused when no file can have so many. */
async function count(cursor: Cursor, most: number, what: string): Promise<number> {
  if (!cursor.has(8)) await cursor.need(8);
  const value = cursor.u64();
  if (value > most) throw broken(`it claims ${what} ${value.toExponential(1)}, more than any model has`);
  return value;
}

async function readText(cursor: Cursor, longest: number, what: string): Promise<string> {
  const length = await count(cursor, longest, `that ${what} has a length of`);
  if (!cursor.has(length)) await cursor.need(length);
  return cursor.text(length);
}

async function skipTexts(cursor: Cursor, length: number): Promise<void> {
  for (let index = 0; index < length; index += 1) {
    if (!cursor.has(8)) await cursor.need(8);
    const bytes = cursor.u64();
    if (bytes > LONGEST_TEXT) throw broken('a word of its vocabulary is longer than any');
    if (!cursor.has(bytes)) await cursor.need(bytes);
    cursor.pass(bytes);
  }
}

async function readArray(cursor: Cursor, key: string, depth: number): Promise<GgufValue> {
  await cursor.need(12);
  const type = cursor.u32();
  const length = await count(cursor, LONGEST_ARRAY, `that the list “${key}” has a length of`);
  const size = FIXED_SIZES.get(type);
  if (length > LONGEST_ARRAY_KEPT) {
    if (size !== undefined) await cursor.skip(length * size);
    else if (type === VALUE.string) await skipTexts(cursor, length);
    else throw broken(`the list “${key}” holds values of the unknown type ${String(type)}`);
    return { length };
  }
  const values: GgufValue[] = [];
  for (let index = 0; index < length; index += 1) values.push(await readValue(cursor, type, key, depth + 1));
  return values;
}

async function readValue(cursor: Cursor, type: number, key: string, depth = 0): Promise<GgufValue> {
  const size = FIXED_SIZES.get(type);
  if (size !== undefined) {
    if (!cursor.has(size)) await cursor.need(size);
    return cursor.fixed(type);
  }
  if (type === VALUE.string) return readText(cursor, LONGEST_TEXT, `the text “${key}”`);
  if (type === VALUE.array && depth < 2) return readArray(cursor, key, depth);
  throw broken(`the value of “${key}” is of the unknown type ${String(type)}`);
}

async function readTensor(cursor: Cursor): Promise<GgufTensor> {
  const name = await readText(cursor, LONGEST_NAME, 'a tensor’s name');
  await cursor.need(4);
  const rank = cursor.u32();
  if (rank > MOST_DIMENSIONS) throw broken(`the tensor ${name} claims ${String(rank)} dimensions`);
  const dimensions: number[] = [];
  for (let index = 0; index < rank; index += 1) dimensions.push(await count(cursor, 2 ** 40, `that ${name} has a side of`));
  await cursor.need(12);
  const typeId = cursor.u32();
  return { name, dimensions, typeId, offset: cursor.u64() };
}

async function readPreamble(cursor: Cursor, source: ByteSource): Promise<number> {
  if (source.size !== null && source.size < 24) throw broken(`it has ${String(source.size)} bytes, fewer than the shortest header`);
  await cursor.need(24);
  if (cursor.text(4) !== 'GGUF') {
    throw new EngineError('not-gguf', 'This is no GGUF file: it does not begin with the letters GGUF. Choose a file that ends in .gguf.');
  }
  const version = cursor.u32();
  if (version > 0xffff) {
    throw new EngineError('big-endian-gguf', 'This GGUF file is made for big-endian machines; take the usual, little-endian one.');
  }
  if (version < 2 || version > 3) {
    throw new EngineError(
      'gguf-version',
      `This GGUF file has version ${String(version)}; versions 2 and 3 can be read. Convert it anew with a current llama.cpp.`,
    );
  }
  return version;
}

/**
 * Reads the header of a GGUF file: little more of it than the header's own bytes, and long lists are passed over.
 *
 * @throws {EngineError} `not-gguf`, `big-endian-gguf`, `gguf-version`, `broken-gguf`, with a sentence for the reader
 */
export async function readGguf(source: ByteSource): Promise<GgufHeader> {
  const cursor = new Cursor(source);
  const version = await readPreamble(cursor, source);
  const tensorCount = await count(cursor, MOST_TENSORS, 'a number of tensors of');
  const keyCount = await count(cursor, MOST_KEYS, 'a number of metadata entries of');
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < keyCount; index += 1) {
    const key = await readText(cursor, LONGEST_NAME, 'a metadata key');
    await cursor.need(4);
    metadata.set(key, await readValue(cursor, cursor.u32(), key));
  }
  const tensors: GgufTensor[] = [];
  for (let index = 0; index < tensorCount; index += 1) tensors.push(await readTensor(cursor));
  const alignment = Number(metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT);
  if (!Number.isInteger(alignment) || alignment < 1 || alignment > 2 ** 20 || (alignment & (alignment - 1)) !== 0) {
    throw broken(`its alignment of ${String(alignment)} is no power of two`);
  }
  const dataOffset = Math.ceil(cursor.position / alignment) * alignment;
  return { version, metadata, tensors, dataOffset, fileBytes: source.size };
}
