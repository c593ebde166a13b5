/**
 * What the calculator was asked, and how an address says it.
 *
 * Reading an address never throws: whatever can't be understood is told in a sentence and replaced by the default. A name once
 * used in an address keeps its meaning for ever; `tests/fixtures/calculator-links.json` holds links that must go on working.
 */

import { isCacheType, type CacheType } from '../../engine/ggml-types.ts';
import { VENDORS, type Vendor } from '../../import/device.ts';
import type { CalculatorData } from './data.ts';

export const QUESTIONS = ['run', 'what-runs', 'what-needs', 'compare'] as const;
export type Question = (typeof QUESTIONS)[number];

export const SYSTEMS = ['linux', 'windows', 'macos'] as const;
export type System = (typeof SYSTEMS)[number];

/** A machine that is typed in. */
export interface Typed {
  readonly vendor: Vendor;
  readonly memory: 'discrete' | 'unified' | 'system';
  readonly memoryGiB: number;
  readonly bandwidthGBs: number;
  /** Dense FP16 rate, TFLOPS; null when not known. */
  readonly fp16Tflops: number | null;
}

/** A machine of the data, which of its sizes, and how many of it. */
export interface Chosen {
  readonly id: string;
  /** GiB; null where the machine has one size or none of its own. */
  readonly memoryGiB: number | null;
  readonly count: number;
}

/** A small model that drafts for the large one. */
export interface Draft {
  readonly model: string;
  readonly tokens: number;
  /** Share of drafted tokens that the large model takes, percent. */
  readonly acceptance: number;
}

/** One set-up: what is asked to run, and on what. */
export interface SetUpState {
  /** Model id. */
  readonly model: string;
  /** File type as llama.cpp names it. */
  readonly quant: string;
  /** Tokens of context, all slots together. */
  readonly context: number;
  readonly cache: CacheType;
  /** Type of the values where it is not that of the keys. */
  readonly cacheV: CacheType | null;
  readonly slots: number;
  /** Machine id; `TYPED` when the machine is typed in. */
  readonly machine: string;
  /** Which memory size of the machine, GiB; null where the machine has one size or none of its own. */
  readonly memoryGiB: number | null;
  readonly count: number;
  readonly typed: Typed | null;
  /** Further cards. */
  readonly also: readonly Chosen[];
  /** The computer around the cards: machine id of a CPU platform; null for an ordinary desktop. */
  readonly host: string | null;
  /** Its memory, GiB. */
  readonly hostGiB: number | null;
  readonly system: System;
  /** Layers on the cards; null: as many as fit. */
  readonly gpuLayers: number | null;
  /** Layers whose experts stay with the host; null: as few as must. */
  readonly cpuMoeLayers: number | null;
  /** Tokens of the prompt whose reading is timed. */
  readonly prompt: number;
  /** Tokens that stand in the context when writing is timed. */
  readonly depth: number;
  readonly flashAttention: boolean;
  readonly ubatch: number;
  readonly tensorParallel: boolean;
  readonly draft: Draft | null;
}

export interface State extends SetUpState {
  readonly question: Question;
  /** Tokens a second that "what do I need" asks for. */
  readonly wanted: number;
  readonly unit: 'GB' | 'GiB';
  /** Further set-ups to compare with, three at most. */
  readonly others: readonly SetUpState[];
}

/** The id of a machine that is typed in. */
export const TYPED = 'typed';

export const DEFAULT_TYPED: Typed = { vendor: 'nvidia', memory: 'discrete', memoryGiB: 24, bandwidthGBs: 936, fp16Tflops: null };

export const DEFAULT_SET_UP: SetUpState = {
  model: 'llama-3-1-8b',
  quant: 'Q4_K_M',
  context: 8192,
  cache: 'f16',
  cacheV: null,
  slots: 1,
  machine: 'rtx-3060-12gb',
  memoryGiB: null,
  count: 1,
  typed: null,
  also: [],
  host: null,
  hostGiB: null,
  system: 'linux',
  gpuLayers: null,
  cpuMoeLayers: null,
  prompt: 512,
  depth: 0,
  flashAttention: true,
  ubatch: 512,
  tensorParallel: false,
  draft: null,
};

export const DEFAULT_STATE: State = { ...DEFAULT_SET_UP, question: 'run', wanted: 20, unit: 'GB', others: [] };

/** Cache types offered, in the order of the list. */
export const OFFERED_CACHE_TYPES = [
  'f16',
  'bf16',
  'q8_0',
  'q5_1',
  'q5_0',
  'q4_1',
  'q4_0',
  'iq4_nl',
  'f32',
] as const satisfies readonly CacheType[];

export const MOST_OTHERS = 3;
const MOST_ALSO = 4;
const MOST_COUNT = 16;

/** A whole number from text with the marks that people type; null when it is none, or out of bounds. */
export function readWhole(text: string, least: number, most: number): number | null {
  const plain = text.trim().replace(/[ ,_\u00a0]/g, '');
  if (!/^\d{1,9}$/.test(plain)) return null;
  const value = Number(plain);
  return value >= least && value <= most ? value : null;
}

/** A number above 0 from text; null when it is none, or out of bounds. */
export function readPositive(text: string, most: number): number | null {
  const plain = text.trim().replace(/[ ,_\u00a0]/g, '');
  if (!/^\d{1,7}(\.\d{1,3})?$/.test(plain)) return null;
  const value = Number(plain);
  return value > 0 && value <= most ? value : null;
}

/** Bounds of whole-number fields, with what a reader is told when one is passed. */
export const LIMITS = {
  context: { least: 256, most: 16 * 2 ** 20, what: 'The context must be a whole number of tokens' },
  slots: { least: 1, most: 256, what: 'The number of slots must be a whole number' },
  prompt: { least: 1, most: 16 * 2 ** 20, what: 'The prompt must be a whole number of tokens' },
  depth: { least: 0, most: 16 * 2 ** 20, what: 'The depth must be a whole number of tokens' },
  ubatch: { least: 1, most: 65_536, what: 'The micro-batch must be a whole number' },
  gpuLayers: { least: 0, most: 1000, what: 'The layers on the cards must be a whole number' },
  cpuMoeLayers: { least: 0, most: 1000, what: 'The layers with experts on the CPU must be a whole number' },
  count: { least: 1, most: MOST_COUNT, what: 'The number of cards must be a whole number' },
  hostGiB: { least: 1, most: 16_384, what: 'The RAM must be a whole number of GiB' },
  draftTokens: { least: 1, most: 64, what: 'The number of drafted tokens must be a whole number' },
  acceptance: { least: 0, most: 100, what: 'The number taken of a hundred must be a whole number' },
  rank: { least: 1, most: 1024, what: 'The rank must be a whole number' },
  users: { least: 1, most: 256, what: 'The number of users must be a whole number' },
  wanted: { least: 1, most: 10_000, what: 'The speed wanted must be a whole number of tokens a second' },
} as const;

export type WholeField = keyof typeof LIMITS;

/** What is wrong with a whole-number field, as a sentence. */
export function limitProblem(field: WholeField): string {
  const { least, most, what } = LIMITS[field];
  return `${what} from ${least.toLocaleString('en-GB')} to ${most.toLocaleString('en-GB')}.`;
}

/** A context in tokens, from text; null when it is none. */
export const readContext = (text: string): number | null => readWhole(text, LIMITS.context.least, LIMITS.context.most);

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
export function quoted(text: string): string {
  const plain = text.replace(/\s+/g, ' ');
  return `“${plain.length > 40 ? `${plain.slice(0, 40)}…` : plain}”`;
}

const LONGEST = 4096;

/** Reads the parts of an address that make one set-up. */
function readSetUp(asked: URLSearchParams, data: CalculatorData, problems: string[], base: SetUpState): SetUpState {
  let state: SetUpState = base;
  const put = (part: Partial<SetUpState>): void => {
    state = { ...state, ...part };
  };
  const whole = (name: string, field: WholeField, use: (value: number) => void): void => {
    const text = asked.get(name);
    if (text === null) return;
    const value = readWhole(text, LIMITS[field].least, LIMITS[field].most);
    if (value === null) problems.push(`${quoted(text)} can’t be used. ${limitProblem(field)}`);
    else use(value);
  };

  const model = asked.get('model');
  if (model !== null) {
    const found = data.models.find(({ id }) => id === normaliseId(model));
    if (found === undefined)
      problems.push(`There is no model ${quoted(model)} in the data, so another is shown. Choose one from the list.`);
    else put({ model: found.id });
  }
  const quant = asked.get('quant');
  if (quant !== null) {
    const found = data.quants.find(({ name }) => normaliseId(name) === normaliseId(quant));
    if (found === undefined) problems.push(`There is no quantization ${quoted(quant)}, so ${state.quant} is shown.`);
    else put({ quant: found.name });
  }
  const context = asked.get('ctx');
  if (context !== null) {
    const value = readContext(context);
    if (value === null) problems.push(`${quoted(context)} is no context. ${limitProblem('context')}`);
    else put({ context: value });
  }
  const cacheNamed = (name: string): CacheType | undefined => {
    const text = asked.get(name);
    if (text === null) return undefined;
    const offered = OFFERED_CACHE_TYPES.find((type) => type === text);
    if (offered === undefined || !isCacheType(text))
      problems.push(`There is no cache type ${quoted(text)} here, so ${state.cache} is shown.`);
    return offered;
  };
  const cache = cacheNamed('kv');
  if (cache !== undefined) put({ cache });
  const cacheV = cacheNamed('v');
  if (cacheV !== undefined) put({ cacheV: cacheV === state.cache ? null : cacheV });
  whole('np', 'slots', (slots) => {
    put({ slots });
  });

  const machineText = asked.get('machine');
  if (machineText === TYPED) {
    const typed = readTyped(asked.get('own') ?? '');
    if (typed === null) problems.push('The machine that was typed in can’t be read from the address, so another is shown.');
    else put({ machine: TYPED, typed, memoryGiB: null });
  } else if (machineText !== null) {
    const found = data.machines.find(({ id }) => id === normaliseId(machineText));
    if (found === undefined)
      problems.push(`There is no machine ${quoted(machineText)} in the data, so another is shown. Choose one from the list.`);
    else put({ machine: found.id, typed: null, memoryGiB: null });
  }
  const memory = asked.get('mem');
  if (memory !== null) {
    const sizes = data.machines.find(({ id }) => id === state.machine)?.memoryGiB ?? [];
    const size = sizes.find((offered) => String(offered) === memory);
    if (size === undefined) problems.push(`This machine is not on offer with ${quoted(memory)} GiB, so its largest size is shown.`);
    else put({ memoryGiB: sizes.length > 1 ? size : null });
  }
  whole('n', 'count', (count) => {
    put({ count });
  });
  const also = asked.get('and');
  if (also !== null) {
    const parts = also.split(',').filter((part) => part !== '');
    const found = parts.slice(0, MOST_ALSO).flatMap((part) => {
      const [, id = '', size, count] = /^([^~*]*)(?:~(\d+))?(?:\*(\d+))?$/.exec(part) ?? [];
      const machine = data.machines.find((candidate) => candidate.id === normaliseId(id) && candidate.memory === 'discrete');
      if (machine === undefined) {
        problems.push(`There is no card ${quoted(part)} in the data, so it is left out.`);
        return [];
      }
      const offered = machine.memoryGiB.find((gib) => String(gib) === size);
      const many = count === undefined ? 1 : Math.min(MOST_COUNT, Math.max(1, Number(count)));
      return [{ id: machine.id, memoryGiB: machine.memoryGiB.length > 1 ? (offered ?? null) : null, count: many }];
    });
    if (parts.length > MOST_ALSO) problems.push(`No more than ${String(MOST_ALSO)} further kinds of card can be added.`);
    put({ also: found });
  }
  const host = asked.get('host');
  if (host !== null) {
    const found = data.machines.find((machine) => machine.id === normaliseId(host) && machine.memory === 'system');
    if (found === undefined) problems.push(`There is no processor ${quoted(host)} in the data, so an ordinary desktop is assumed.`);
    else put({ host: found.id });
  }
  whole('ram', 'hostGiB', (hostGiB) => {
    put({ hostGiB });
  });
  const system = asked.get('os');
  if (system !== null) {
    const found = SYSTEMS.find((known) => known === system);
    if (found === undefined) problems.push(`There is no system ${quoted(system)} here, so Linux is assumed.`);
    else put({ system: found });
  }
  whole('ngl', 'gpuLayers', (gpuLayers) => {
    put({ gpuLayers });
  });
  whole('ncmoe', 'cpuMoeLayers', (cpuMoeLayers) => {
    put({ cpuMoeLayers });
  });
  whole('pp', 'prompt', (prompt) => {
    put({ prompt });
  });
  whole('d', 'depth', (depth) => {
    put({ depth });
  });
  whole('ub', 'ubatch', (ubatch) => {
    put({ ubatch });
  });
  if (asked.get('fa') === '0') put({ flashAttention: false });
  if (asked.get('tp') === '1') put({ tensorParallel: true });
  const draft = asked.get('draft');
  if (draft !== null) {
    const [id = '', tokens = '', acceptance = ''] = draft.split('~');
    const found = data.models.find((candidate) => candidate.id === normaliseId(id));
    const count = readWhole(tokens, 1, 64);
    const share = readWhole(acceptance, 0, 100);
    if (found === undefined || count === null || share === null)
      problems.push(`The draft model ${quoted(draft)} can’t be used, so it is left out.`);
    else put({ draft: { model: found.id, tokens: count, acceptance: share } });
  }
  return state;
}

function readTyped(text: string): Typed | null {
  const [vendor, memory, gib = '', bandwidth = '', tflops = ''] = text.split('~');
  const maker = VENDORS.find((known) => known === vendor);
  const kind = (['discrete', 'unified', 'system'] as const).find((known) => known === memory);
  const memoryGiB = readPositive(gib, 16_384);
  const bandwidthGBs = readPositive(bandwidth, 100_000);
  if (maker === undefined || kind === undefined || memoryGiB === null || bandwidthGBs === null) return null;
  return { vendor: maker, memory: kind, memoryGiB, bandwidthGBs, fp16Tflops: tflops === '' ? null : readPositive(tflops, 100_000) };
}

/** Reads the query part of an address ("?model=…"). */
export function readState(search: string, data: CalculatorData): ReadState {
  const asked = new URLSearchParams(search.slice(0, LONGEST));
  const problems: string[] = [];
  if (search.length > LONGEST)
    problems.push('The address is longer than any this calculator makes; what came after its first part was left out.');
  const first = readSetUp(asked, data, problems, DEFAULT_SET_UP);
  let state: State = { ...DEFAULT_STATE, ...first };

  const question = asked.get('q');
  if (question !== null) {
    const found = QUESTIONS.find((known) => known === question);
    if (found === undefined) problems.push(`There is no question ${quoted(question)} here, so “Will it run?” is shown.`);
    else state = { ...state, question: found };
  }
  const wanted = asked.get('want');
  if (wanted !== null) {
    const value = readWhole(wanted, LIMITS.wanted.least, LIMITS.wanted.most);
    if (value === null) problems.push(`${quoted(wanted)} can’t be used. ${limitProblem('wanted')}`);
    else state = { ...state, wanted: value };
  }
  if (asked.get('unit') === 'GiB') state = { ...state, unit: 'GiB' };
  const others = asked.getAll('with');
  if (others.length > MOST_OTHERS) problems.push(`No more than ${String(MOST_OTHERS + 1)} set-ups can be compared; the rest is left out.`);
  state = {
    ...state,
    others: others.slice(0, MOST_OTHERS).map((text) => readSetUp(new URLSearchParams(text), data, problems, DEFAULT_SET_UP)),
  };
  return { state, problems };
}

function chosenText({ id, memoryGiB, count }: Chosen): string {
  return `${id}${memoryGiB === null ? '' : `~${String(memoryGiB)}`}${count === 1 ? '' : `*${String(count)}`}`;
}

/** What a set-up says in an address, without the question mark. Only what differs from the default, but for the five main choices. */
export function writeSetUp(state: SetUpState): URLSearchParams {
  const parts = new URLSearchParams({ model: state.model, quant: state.quant, ctx: String(state.context), machine: state.machine });
  if (state.machine === TYPED && state.typed !== null) {
    const { vendor, memory, memoryGiB, bandwidthGBs, fp16Tflops } = state.typed;
    parts.set('own', [vendor, memory, memoryGiB, bandwidthGBs, ...(fp16Tflops === null ? [] : [fp16Tflops])].join('~'));
  }
  if (state.cache !== 'f16') parts.set('kv', state.cache);
  if (state.cacheV !== null) parts.set('v', state.cacheV);
  if (state.memoryGiB !== null) parts.set('mem', String(state.memoryGiB));
  if (state.slots !== DEFAULT_SET_UP.slots) parts.set('np', String(state.slots));
  if (state.count !== 1) parts.set('n', String(state.count));
  if (state.also.length > 0) parts.set('and', state.also.map(chosenText).join(','));
  if (state.host !== null) parts.set('host', state.host);
  if (state.hostGiB !== null) parts.set('ram', String(state.hostGiB));
  if (state.system !== 'linux') parts.set('os', state.system);
  if (state.gpuLayers !== null) parts.set('ngl', String(state.gpuLayers));
  if (state.cpuMoeLayers !== null) parts.set('ncmoe', String(state.cpuMoeLayers));
  if (state.prompt !== DEFAULT_SET_UP.prompt) parts.set('pp', String(state.prompt));
  if (state.depth !== 0) parts.set('d', String(state.depth));
  if (state.ubatch !== DEFAULT_SET_UP.ubatch) parts.set('ub', String(state.ubatch));
  if (!state.flashAttention) parts.set('fa', '0');
  if (state.tensorParallel) parts.set('tp', '1');
  if (state.draft !== null) parts.set('draft', `${state.draft.model}~${String(state.draft.tokens)}~${String(state.draft.acceptance)}`);
  return parts;
}

/** The query part of an address for a state; `readState` gives the same state back. */
export function writeState(state: State): string {
  const parts = writeSetUp(state);
  if (state.question !== 'run') parts.set('q', state.question);
  if (state.wanted !== DEFAULT_STATE.wanted) parts.set('want', String(state.wanted));
  if (state.unit === 'GiB') parts.set('unit', 'GiB');
  for (const other of state.others) parts.append('with', writeSetUp(other).toString());
  // A colon and a tilde are as good unescaped, and links stay readable.
  return `?${parts.toString().replaceAll('%7E', '~').replaceAll('%2C', ',').replaceAll('%2A', '*')}`;
}
