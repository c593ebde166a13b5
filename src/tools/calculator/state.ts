/**
 * What the calculator was asked, and how an address says it.
 *
 * Reading an address never throws: whatever can't be understood is told in a sentence and replaced by the default.
 */

import { isCacheType, type CacheType } from '../../engine/ggml-types.ts';
import type { CalculatorData } from './data.ts';

export interface State {
  /** Model id. */
  readonly model: string;
  /** File type as llama.cpp names it. */
  readonly quant: string;
  /** Tokens of context. */
  readonly context: number;
  /** Type of the KV cache, keys and values alike. */
  readonly cache: CacheType;
  /** Machine id. */
  readonly machine: string;
  /** Which memory size of the machine, GiB; null where the machine has one size or none of its own. */
  readonly memoryGiB: number | null;
}

export const DEFAULT_STATE: State = {
  model: 'llama-3-1-8b',
  quant: 'Q4_K_M',
  context: 8192,
  cache: 'f16',
  machine: 'rtx-3060-12gb',
  memoryGiB: null,
};

/** Cache types offered in this version. */
export const OFFERED_CACHE_TYPES = ['f16', 'q8_0'] as const satisfies readonly CacheType[];

export const LEAST_CONTEXT = 256;
export const MOST_CONTEXT = 16 * 2 ** 20;

export interface ReadState {
  readonly state: State;
  /** One sentence for each part of the address that could not be used. */
  readonly problems: readonly string[];
}

/** Ids are compared without regard to dots and case: "llama-3.1-8b" finds llama-3-1-8b. */
export function normaliseId(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/** Entered text in a message: short, and marked as a quotation. */
function quoted(text: string): string {
  const plain = text.replace(/\s+/g, ' ');
  return `“${plain.length > 40 ? `${plain.slice(0, 40)}…` : plain}”`;
}

/** A context in tokens, from text; null when it is none. */
export function readContext(text: string): number | null {
  const plain = text.trim().replace(/[ ,_]/g, '');
  if (!/^\d{1,9}$/.test(plain)) return null;
  const value = Number(plain);
  return value >= LEAST_CONTEXT && value <= MOST_CONTEXT ? value : null;
}

export const contextProblem = `The context must be a whole number of tokens from ${LEAST_CONTEXT.toLocaleString('en-GB')} to ${MOST_CONTEXT.toLocaleString('en-GB')}.`;

/** Reads the query part of an address ("?model=…"). */
export function readState(search: string, data: CalculatorData): ReadState {
  const asked = new URLSearchParams(search.slice(0, 4096));
  const problems: string[] = [];
  let state = DEFAULT_STATE;
  if (search.length > 4096)
    problems.push('The address is longer than any this calculator makes; what came after its first part was left out.');

  const model = asked.get('model');
  if (model !== null) {
    const found = data.models.find(({ id }) => id === normaliseId(model));
    if (found === undefined)
      problems.push(`There is no model ${quoted(model)} in the data, so another is shown. Choose one from the list.`);
    else state = { ...state, model: found.id };
  }
  const quant = asked.get('quant');
  if (quant !== null) {
    const found = data.quants.find(({ name }) => normaliseId(name) === normaliseId(quant));
    if (found === undefined) problems.push(`There is no quantization ${quoted(quant)}, so ${state.quant} is shown.`);
    else state = { ...state, quant: found.name };
  }
  const context = asked.get('ctx');
  if (context !== null) {
    const value = readContext(context);
    if (value === null) problems.push(`${quoted(context)} is no context. ${contextProblem}`);
    else state = { ...state, context: value };
  }
  const cache = asked.get('kv');
  if (cache !== null) {
    const offered = OFFERED_CACHE_TYPES.find((type) => type === cache);
    if (offered === undefined || !isCacheType(cache)) problems.push(`There is no cache type ${quoted(cache)} here, so f16 is shown.`);
    else state = { ...state, cache: offered };
  }
  const machineText = asked.get('machine');
  if (machineText !== null) {
    const found = data.machines.find(({ id }) => id === normaliseId(machineText));
    if (found === undefined)
      problems.push(`There is no machine ${quoted(machineText)} in the data, so another is shown. Choose one from the list.`);
    else state = { ...state, machine: found.id };
  }
  const memory = asked.get('mem');
  if (memory !== null) {
    const sizes = data.machines.find(({ id }) => id === state.machine)?.memoryGiB ?? [];
    const size = sizes.find((offered) => String(offered) === memory);
    if (size === undefined) problems.push(`This machine is not on offer with ${quoted(memory)} GiB, so its largest size is shown.`);
    else state = { ...state, memoryGiB: sizes.length > 1 ? size : null };
  }
  return { state, problems };
}

/** The query part of an address for a state; `readState` gives the same state back. */
export function writeState(state: State): string {
  const parts = new URLSearchParams({ model: state.model, quant: state.quant, ctx: String(state.context), machine: state.machine });
  if (state.cache !== 'f16') parts.set('kv', state.cache);
  if (state.memoryGiB !== null) parts.set('mem', String(state.memoryGiB));
  return `?${parts.toString()}`;
}
