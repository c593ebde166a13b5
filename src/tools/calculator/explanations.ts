import { createContext } from 'preact';

/** What a word next to a field means, from the guide's glossary. */
export interface Explanation {
  readonly term: string;
  readonly text: string;
  /** The page that says more. */
  readonly href: string | null;
}

/** Fields that have a word of the glossary beside them, by the end of their id. */
export const EXPLAINED_FIELDS = {
  quant: 'quantization',
  context: 'context',
  cache: 'kv-cache',
  'cache-v': 'kv-cache',
  machine: 'vram',
  count: 'layer-split',
  bandwidth: 'memory-bandwidth',
  prompt: 'prefill',
  depth: 'decode',
  slots: 'slot',
  ngl: 'ngl',
  ncmoe: 'n-cpu-moe',
  fa: 'flash-attention',
  tp: 'tensor-parallel',
  'draft-model': 'speculative-decoding',
  'train-kind': 'qlora',
} as const;

/** Explanations by the end of a field's id. */
export type Explanations = Readonly<Partial<Record<string, Explanation>>>;

export const ExplanationsContext = createContext<Explanations>({});
