/** Addresses of generated pages and of the calculator with its state filled in, root-relative. */

import type { Hardware } from '../../schemas/hardware.ts';

export function machinePath(id: string): `/${string}` {
  return `/machines/${id}/`;
}

export function modelPath(id: string): `/${string}` {
  return `/models/${id}/`;
}

/** A question that the calculator can be opened with. */
export interface CalculatorState {
  readonly model?: string | undefined;
  readonly quant?: string | undefined;
  readonly context?: number | undefined;
  readonly machine?: Pick<Hardware, 'id' | 'memoryGiB'> | undefined;
  readonly memoryGiB?: number | null | undefined;
}

/** The memory size is named where the machine is sold with several. */
export function calculatorPath({ model, quant, context, machine, memoryGiB }: CalculatorState): `/${string}` {
  const query = new URLSearchParams();
  if (model !== undefined) query.set('model', model);
  if (quant !== undefined) query.set('quant', quant);
  if (context !== undefined) query.set('ctx', String(context));
  if (machine !== undefined) query.set('machine', machine.id);
  if (machine !== undefined && memoryGiB != null && machine.memoryGiB.length > 1 && machine.memoryGiB.includes(memoryGiB))
    query.set('mem', String(memoryGiB));
  const text = query.toString();
  return `/calculator/${text === '' ? '' : `?${text}`}`;
}
