/** The pieces that tensor lists are made of. */

/**
 * What a tensor is for; `lookup` are tables besides the token embeddings of which a token reads one row (Gemma's embeddings of
 * each layer, positions and token types of encoders).
 */
export type TensorRole =
  | 'embedding'
  | 'lookup'
  | 'output'
  | 'attention'
  | 'feed-forward'
  | 'experts'
  | 'shared-expert'
  | 'router'
  | 'norm'
  | 'recurrent'
  | 'rotary'
  | 'other';

/** A tensor of a layer: llama.cpp's name without layer and ".weight", what it is for, its elements along each dimension. */
export type Part = readonly [kind: string, role: TensorRole, dimensions: readonly number[]];
