/**
 * Choices made while the page was still loading.
 *
 * The fields stand in the built page and can be used before the program behind them has arrived. What was chosen by
 * then is read from the page before the program takes the fields over, so that no choice is lost.
 */

import { OFFERED_CACHE_TYPES, readContext, type State } from './state.ts';

export interface EarlyChoices {
  /** What differs from the built page, to be laid over the state; empty when nothing was touched. */
  readonly state: Partial<Pick<State, 'model' | 'quant' | 'context' | 'cache' | 'machine'>>;
  /** What was typed as the context, good or bad; null when nothing was. */
  readonly contextText: string | null;
}

/** The value of a list that no longer stands where the built page set it; null when it does, or isn't there. */
function changedList(id: string): string | null {
  const list = document.getElementById(id);
  if (!(list instanceof HTMLSelectElement)) return null;
  const chosen = list.selectedOptions[0];
  return chosen === undefined || chosen.defaultSelected ? null : chosen.value;
}

/** Reads the fields of the page; on the server there are none, and nothing has been chosen. */
export function earlyChoices(): EarlyChoices {
  if (typeof document === 'undefined') return { state: {}, contextText: null };
  const model = changedList('calc-model');
  const quant = changedList('calc-quant');
  const machine = changedList('calc-machine');
  const cacheText = changedList('calc-cache');
  const cache = OFFERED_CACHE_TYPES.find((type) => type === cacheText);
  const field = document.getElementById('calc-context');
  const contextText = field instanceof HTMLInputElement && field.value !== field.defaultValue ? field.value : null;
  const context = contextText === null ? null : readContext(contextText);
  return {
    state: {
      ...(model === null ? {} : { model }),
      ...(quant === null ? {} : { quant }),
      ...(machine === null ? {} : { machine }),
      ...(cache === undefined ? {} : { cache }),
      ...(context === null ? {} : { context }),
    },
    contextText,
  };
}
