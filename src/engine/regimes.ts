/** Kinds of prediction that err alike; ranges are calibrated for each. */

export type SetUpKind = 'one-gpu' | 'several-gpus' | 'offload' | 'cpu';

export type Regime = 'dense' | 'mixture' | 'deep' | 'several-gpus' | 'offload' | 'cpu' | 'cpu-deep';

/** From this depth on attention can matter; below, its share is noise. */
const DEEP_TOKENS = 2048;
/** Share of the time from which attention decides how far a prediction may be off. */
const DEEP_SHARE = 0.1;

export interface RegimeFacts {
  readonly kind: SetUpKind;
  /** Has routed experts. */
  readonly mixture: boolean;
  /** Tokens in the context. */
  readonly depth: number;
  /** Attention's share of the time for a token. */
  readonly cacheShare: number;
}

export function regimeOf({ kind, mixture, depth, cacheShare }: RegimeFacts): Regime {
  const deep = depth >= DEEP_TOKENS && cacheShare > DEEP_SHARE;
  if (kind === 'cpu') return deep ? 'cpu-deep' : 'cpu';
  if (kind !== 'one-gpu') return kind;
  if (deep) return 'deep';
  return mixture ? 'mixture' : 'dense';
}
