/** The command that runs what was asked, and the way back: a pasted command to fields. */

import { FILE_TYPES, isCacheType } from '../../engine/ggml-types.ts';
import type { Worked } from './answer.ts';
import type { CalculatorData } from './data.ts';
import { normaliseId, OFFERED_CACHE_TYPES, quoted, readWhole, LIMITS, type SetUpState, type WholeField } from './state.ts';

export interface Command {
  readonly name: string;
  readonly text: string;
  readonly remark: string;
}

const shellWord = (text: string): string => (/^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** The part of a repository's name that its GGUF files are usually found under. */
function fileName({ model, quant }: Worked): string {
  const base = model.repository?.split('/').at(-1) ?? model.id;
  return `${base}-${quant}.gguf`;
}

function flags({ request, state, model, setUp }: Worked, program: 'llama-server' | 'llama-cli'): string[] {
  const { layers } = model.shape;
  const onCards = setUp.gpus.length > 0;
  const list = ['-c', String(request.context)];
  if (onCards) list.push('-ngl', String(state.gpuLayers ?? 'all'));
  if (onCards && (state.cpuMoeLayers ?? 0) > 0) list.push('-ncmoe', String(Math.min(state.cpuMoeLayers ?? 0, layers)));
  list.push('-fa', request.flashAttention ? 'on' : 'off');
  if (request.cacheTypeK !== 'f16') list.push('-ctk', request.cacheTypeK);
  if (request.cacheTypeV !== 'f16') list.push('-ctv', request.cacheTypeV);
  if (request.ubatch !== 512) list.push('-ub', String(request.ubatch));
  if (program === 'llama-server') list.push('-np', String(request.parallel));
  if (request.tensorParallel && setUp.gpus.length > 1) list.push('-sm', 'tensor');
  return list;
}

/** Commands for llama.cpp and settings for Ollama. Checked against llama.cpp 0.5.0 and Ollama's Modelfile of 2026. */
export function commandsFor(worked: Worked): readonly Command[] {
  const file = shellWord(fileName(worked));
  const { request, state } = worked;
  const cache = request.cacheTypeK === 'q8_0' || request.cacheTypeK === 'q4_0' ? request.cacheTypeK : null;
  const ollama = [`FROM ./${fileName(worked)}`, `PARAMETER num_ctx ${String(Math.floor(request.context / request.parallel))}`];
  if (state.gpuLayers !== null) ollama.push(`PARAMETER num_gpu ${String(state.gpuLayers)}`);
  const environment = [
    ...(cache === null ? [] : [`OLLAMA_KV_CACHE_TYPE=${cache}`]),
    ...(request.parallel > 1 ? [`OLLAMA_NUM_PARALLEL=${String(request.parallel)}`] : []),
  ];
  return [
    {
      name: 'llama-server',
      text: ['llama-server', '-m', file, ...flags(worked, 'llama-server')].join(' '),
      remark: 'A server with a web page and an OpenAI-style API.',
    },
    { name: 'llama-cli', text: ['llama-cli', '-m', file, ...flags(worked, 'llama-cli')].join(' '), remark: 'A chat in the terminal.' },
    {
      name: 'Ollama',
      text: ollama.join('\n'),
      remark: `A Modelfile${environment.length === 0 ? '' : `; start the server with ${environment.join(' ')}`}.${
        (state.cpuMoeLayers ?? 0) > 0 ? ' Ollama has no setting for experts in RAM.' : ''
      }`,
    },
  ];
}

export interface ReadCommand {
  readonly change: Partial<SetUpState>;
  /** What was understood, for the reader: "context 8,192". */
  readonly understood: readonly string[];
  /** What was not, each in a sentence. */
  readonly problems: readonly string[];
}

/** Words of a command line: quotes kept together, backslashes at line ends joined. Never more than 400. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const [, double, single, bare] of text.replace(/[\\^`]\s*\n/g, ' ').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)) {
    words.push(double ?? single ?? bare ?? '');
    if (words.length >= 400) break;
  }
  return words;
}

const WHOLE_FLAGS: ReadonlyMap<string, WholeField> = new Map([
  ['-c', 'context'],
  ['--ctx-size', 'context'],
  ['-ngl', 'gpuLayers'],
  ['--gpu-layers', 'gpuLayers'],
  ['--n-gpu-layers', 'gpuLayers'],
  ['-ncmoe', 'cpuMoeLayers'],
  ['--n-cpu-moe', 'cpuMoeLayers'],
  ['-np', 'slots'],
  ['--parallel', 'slots'],
  ['-ub', 'ubatch'],
  ['--ubatch-size', 'ubatch'],
  ['num_ctx', 'context'],
  ['num_gpu', 'gpuLayers'],
]);
const FIELD_NAMES: Readonly<Partial<Record<WholeField, string>>> = {
  context: 'context',
  gpuLayers: 'layers on the card',
  cpuMoeLayers: 'layers with experts in RAM',
  slots: 'slots',
  ubatch: 'micro-batch',
};

/** The model and file type that a file name, a repository or an Ollama name most likely means. */
export function modelFromName(text: string, data: CalculatorData): Partial<Pick<SetUpState, 'model' | 'quant'>> {
  const plain = normaliseId(text.split(/[\\/]/).at(-1) ?? '');
  const whole = normaliseId(text);
  const types = Object.keys(FILE_TYPES).sort((a, b) => b.length - a.length);
  const type = types.find((name) => new RegExp(`(^|-)${normaliseId(name)}(-|$)`).test(whole));
  const offered = data.quants.find(({ name }) => name === type);
  const stem = plain.replace(/-gguf$/, '');
  const matches = data.models
    .map((model) => ({ model, name: normaliseId(model.repository?.split('/').at(-1) ?? model.id) }))
    .filter(({ model, name }) => stem.startsWith(name) || stem.includes(model.id) || whole.includes(name))
    .sort((a, b) => b.name.length - a.name.length);
  const found = matches[0]?.model;
  return { ...(found === undefined ? {} : { model: found.id }), ...(offered === undefined ? {} : { quant: offered.name }) };
}

/**
 * Reads a command line of llama.cpp, or the lines of an Ollama Modelfile. Never throws and never looks at a file.
 *
 * Unknown flags are passed over: most of them change nothing here.
 */
export function readCommand(text: string, data: CalculatorData): ReadCommand {
  const words = wordsOf(text.slice(0, 20_000));
  const understood: string[] = [];
  const problems: string[] = [];
  let change: Partial<SetUpState> = {};
  for (let at = 0; at < words.length; at++) {
    const [flag = '', joined] =
      (words[at] ?? '').startsWith('--') && (words[at] ?? '').includes('=') ? (words[at] ?? '').split(/=(.*)/s) : [words[at]];
    const value = joined ?? words[at + 1] ?? '';
    const field = WHOLE_FLAGS.get(flag);
    if (field !== undefined) {
      const number = readWhole(value, LIMITS[field].least, LIMITS[field].most);
      if (number !== null) {
        change = { ...change, [field]: number };
        understood.push(`${FIELD_NAMES[field] ?? field} ${number.toLocaleString('en-GB')}`);
      } else if (field === 'gpuLayers' && /^(all|auto|-1|999\d*)$/.test(value)) {
        change = { ...change, gpuLayers: null };
      } else problems.push(`${quoted(flag)} is followed by ${quoted(value)}, which is no number this field takes.`);
    } else if (flag === '-ctk' || flag === '--cache-type-k' || flag === '-ctv' || flag === '--cache-type-v') {
      const type = OFFERED_CACHE_TYPES.find((offered) => offered === value.toLowerCase());
      if (type === undefined || !isCacheType(type)) problems.push(`${quoted(value)} is no cache type.`);
      else {
        change = flag === '-ctk' || flag === '--cache-type-k' ? { ...change, cache: type } : { ...change, cacheV: type };
        understood.push(`${flag.endsWith('k') ? 'keys' : 'values'} in ${type}`);
      }
    } else if (flag === '-fa' || flag === '--flash-attn') {
      change = { ...change, flashAttention: !/^(off|0|false|disabled)$/.test(value) };
    } else if (flag === '-cmoe' || flag === '--cpu-moe') {
      change = { ...change, cpuMoeLayers: LIMITS.cpuMoeLayers.most };
      understood.push('all experts in RAM');
    } else if (['-m', '--model', '-hf', '-hfr', '--hf-repo', '-hff', '--hf-file', 'FROM', 'run', 'pull'].includes(flag)) {
      const named = modelFromName(value, data);
      if (named.model === undefined && named.quant === undefined)
        problems.push(`No model of the list could be told from ${quoted(value)}: choose it yourself.`);
      else {
        change = { ...change, ...named };
        const model = data.models.find(({ id }) => id === named.model);
        understood.push([model?.name, named.quant].filter((part) => part !== undefined).join(', '));
      }
    }
  }
  // "values" counts only where it differs from "keys".
  if (change.cacheV !== undefined && change.cacheV === (change.cache ?? 'f16')) change = { ...change, cacheV: null };
  if (understood.length === 0 && Object.keys(change).length === 0 && problems.length === 0)
    problems.push('Nothing in it is a setting of llama.cpp or Ollama that matters here, such as -m, -c, -ngl or num_ctx.');
  return { change, understood, problems };
}
