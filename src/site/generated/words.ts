/** Figures and short answers of the generated pages, as text. */

import { formatBytes, formatRate } from '../../engine/format.ts';
import type { Answer } from '../../engine/predict.ts';
import type { LimitKind } from '../../engine/room.ts';
import type { SpeedEstimate } from '../../engine/speed.ts';
import type { Hardware } from '../../schemas/hardware.ts';
import { readableNumber } from '../figure-texts.ts';
import type { Place } from './fits.ts';

const NO_BREAK_SPACE = '\u00a0';

/** "16,384 tokens" */
export function tokensText(count: number): string {
  return `${count.toLocaleString('en-GB')}${NO_BREAK_SPACE}tokens`;
}

/** "24 GiB" */
export function gibText(gib: number): string {
  return `${readableNumber(gib)}${NO_BREAK_SPACE}GiB`;
}

/** "29–40": the range that holds four times in five. */
export function rangeText({ low, high }: Pick<SpeedEstimate, 'low' | 'high'>): string {
  return `${formatRate(low)}–${formatRate(high)}`;
}

/** "about 34 tokens/s (29–40)" */
export function speedText({ decode }: Answer): string {
  return `about ${formatRate(decode.tokensPerSecond)} tokens/s (${rangeText(decode)})`;
}

/** Letters whose names begin with a vowel: "an RTX", "an H100". */
const AN_ACRONYM = /^[AEFHILMNORSX](?:[A-Z\d]|$)/;

/** A machine's name as one says it: "desktop with 2 × DDR5-5600". */
function spoken({ name, kind }: Pick<Hardware, 'name' | 'kind'>): string {
  const flowing = kind === 'cpu-platform' ? name.replace(', ', ' with ') : name;
  return flowing.replace(/^(?:Desktop|Laptop|Phone)\b/, (word) => word.toLowerCase());
}

/** A machine's name with its article: "An RTX 3090", "A desktop with 2 × DDR5-5600"; none before a number of machines. */
export function withArticle(machine: Pick<Hardware, 'name' | 'kind'>): string {
  const name = spoken(machine);
  const [first = ''] = name.split(/[ ,]/);
  if (/^(?:Two|Four|Eight|\d)/.test(name)) return name;
  const vowel = /^[A-Z][A-Z\d]/.test(first) ? AN_ACRONYM.test(first) : /^[aeio]/i.test(first);
  return `${vowel ? 'An' : 'A'} ${name}`;
}

/** The verb: "has", or "have" where the name counts several machines. */
export function agrees(name: string, one: string, several: string): string {
  return name.startsWith('Two ') ? several : one;
}

/** As many of the sentences as fit into a short answer, in order; the first always. */
export function shortAnswer(sentences: readonly (string | null)[], most = 300): string {
  let text = '';
  for (const sentence of sentences) {
    if (sentence === null) continue;
    const longer = text === '' ? sentence : `${text} ${sentence}`;
    if (text === '' || longer.length <= most) text = longer;
  }
  return text.replaceAll(NO_BREAK_SPACE, ' ');
}

/** How much more it needs than there is room for: "22.8 GB"; a dash where the room is not known. */
export function shortfallText(bytes: number, roomBytes: number | null): string {
  return roomBytes === null ? '–' : formatBytes(Math.max(0, bytes - roomBytes));
}

/** A sentence on how much of a machine's memory a model may have, and why. */
export function roomText({ room: { comfortableBytes, capacityBytes, kind }, memoryGiB, device }: Place): string {
  if (comfortableBytes === null || capacityBytes === null || memoryGiB === null) return '';
  const has = `Of ${gibText(memoryGiB)} a model may have ${formatBytes(comfortableBytes)}`;
  const why: Readonly<Record<LimitKind, string>> = {
    card: 'the rest, 1 GiB, is left to the driver and a desktop',
    'card-on-windows': 'the rest, 1 GiB, is left to the driver and a desktop',
    'mac-working-set': 'that is what macOS lets the graphics part hold unless a setting is raised',
    gtt: 'that is the half which Linux lets the graphics part borrow unless a setting is raised',
    system: `the rest, 3 GiB, is left to the operating system${device.memory === 'unified' ? ' and other programs' : ''}`,
  };
  return `${has}; ${why[kind]}.`;
}
