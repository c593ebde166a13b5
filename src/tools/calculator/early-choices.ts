/**
 * Choices made while the page was still loading.
 *
 * The fields stand in the built page and can be used before the program behind them has arrived. What was chosen by
 * then is read from the page before the program takes the fields over, so that no choice is lost. Text fields see to
 * themselves (`Whole`).
 */

import { OFFERED_CACHE_TYPES, QUESTIONS, type State } from './state.ts';

/** The value of a list that no longer stands where the built page set it; null when it does, or isn't there. */
function changedList(id: string): string | null {
  const list = document.getElementById(id);
  if (!(list instanceof HTMLSelectElement)) return null;
  const chosen = list.selectedOptions[0];
  return chosen === undefined || chosen.defaultSelected ? null : chosen.value;
}

/** What differs from the built page, to be laid over the state; empty when nothing was touched, or there is no page. */
export function earlyChoices(): Partial<Pick<State, 'quant' | 'cache' | 'question'>> {
  if (typeof document === 'undefined') return {};
  const quant = changedList('calc-quant');
  const cacheText = changedList('calc-cache');
  const cache = OFFERED_CACHE_TYPES.find((type) => type === cacheText);
  const radio = document.querySelector<HTMLInputElement>('input[name="calc-question"]:checked');
  const question = radio === null || radio.defaultChecked ? undefined : QUESTIONS.find((known) => known === radio.value);
  return {
    ...(quant === null ? {} : { quant }),
    ...(cache === undefined ? {} : { cache }),
    ...(question === undefined ? {} : { question }),
  };
}
