/** An answer to take elsewhere: into a forum, a note or a spreadsheet. */

import { formatBytes, formatRate, formatSeconds, formatSpeed, type SizeUnit } from '../../engine/format.ts';
import type { Worked } from './answer.ts';

/** "Fits: 21.30 GB of 25.77 GB, about 38 tokens/s (33–44)." The first line of every answer. */
export function headline({ answer, main }: Worked, unit: SizeUnit = 'GB'): string {
  const total = answer.devices.filter(({ capacityBytes }, index) => index === 0 || capacityBytes !== null);
  const single = answer.devices.length === 1 || answer.devices.slice(1).every(({ device }) => device === null || device.backend === 'cpu');
  const needed = formatBytes(single ? main.totalBytes : total.reduce((sum, { totalBytes }) => sum + totalBytes, 0), unit);
  const speed = `about ${formatSpeed(answer.decode.tokensPerSecond)} (${formatRate(answer.decode.low)}–${formatRate(answer.decode.high)})`;
  const capacity = single && main.capacityBytes !== null ? ` of ${formatBytes(main.capacityBytes, unit)}` : '';
  if (answer.verdict === null) return `Needs ${needed} of memory; ${speed}.`;
  switch (answer.verdict) {
    case 'fits':
      return `Fits: ${needed}${capacity}, ${speed}.`;
    case 'tight':
      return `Fits, but tightly: ${needed}${capacity}, ${speed}.`;
    case 'needs-setting':
      return `Fits after raising a limit: ${needed}${capacity}, ${speed}.`;
    case 'spills':
      return `Does not fit well: it needs ${needed}${capacity}, and Windows would move the rest to system memory, many times slower.`;
    case 'too-large': {
      const bad = answer.devices.find(({ verdict }) => verdict === 'too-large') ?? main;
      return `Does not fit: ${single ? 'it' : bad.name} needs ${formatBytes(bad.totalBytes, unit)} and there are ${formatBytes(bad.capacityBytes ?? 0, unit)}.`;
    }
  }
}

export interface Fact {
  readonly name: string;
  readonly value: string;
}

/** What was asked and what came out, as pairs. */
export function factsOf(worked: Worked, unit: SizeUnit = 'GB'): readonly Fact[] {
  const { model, quant, machineName, request, answer } = worked;
  const { decode, prefill } = answer;
  const offload = request.gpuLayers <= model.shape.layers || request.cpuMoeLayers > 0;
  return [
    { name: 'Model', value: `${model.name}, ${quant}` },
    { name: 'Machine', value: machineName },
    {
      name: 'Context',
      value: `${request.context.toLocaleString('en-GB')} tokens, cache ${request.cacheTypeK}${request.cacheTypeV === request.cacheTypeK ? '' : `/${request.cacheTypeV}`}`,
    },
    ...(offload
      ? [
          {
            name: 'Split',
            value: `${request.gpuLayers > model.shape.layers ? 'all' : String(request.gpuLayers)} layers on the card, experts of ${String(request.cpuMoeLayers)} in RAM`,
          },
        ]
      : []),
    ...answer.devices
      .filter(({ totalBytes }) => totalBytes > 0)
      .map(({ name, totalBytes, capacityBytes }) => ({
        name: `Memory, ${name}`,
        value: `${formatBytes(totalBytes, unit)}${capacityBytes === null ? '' : ` of ${formatBytes(capacityBytes, unit)}`}`,
      })),
    { name: 'Generation', value: `${formatSpeed(decode.tokensPerSecond)} (${formatRate(decode.low)}–${formatRate(decode.high)})` },
    { name: 'Prompt', value: `${formatSpeed(prefill.tokensPerSecond)} (${formatRate(prefill.low)}–${formatRate(prefill.high)})` },
    {
      name: 'Time to first token',
      value: `${formatSeconds(prefill.secondsToFirstToken)} for ${request.promptTokens.toLocaleString('en-GB')} tokens`,
    },
  ];
}

export const FORMATS = ['Link', 'Markdown', 'BBCode', 'Plain text', 'JSON', 'CSV'] as const;
export type Format = (typeof FORMATS)[number];

const csvField = (text: string): string => {
  const safe = /^[=+\-@]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};

/** Markdown's own signs in a name would be read as marks. */
const markdown = (text: string): string => text.replace(/[\\`*_[\]|<>]/g, '\\$&');

/** The answer in a format. @param link the whole address of the answer */
export function shareText(worked: Worked, format: Format, link: string, unit: SizeUnit = 'GB'): string {
  const line = headline(worked, unit);
  const facts = factsOf(worked, unit);
  const footer = 'Reckoned, not measured; a range holds four times in five.';
  switch (format) {
    case 'Link':
      return link;
    case 'Markdown':
      return [
        `**${markdown(line)}**`,
        '',
        ...facts.map(({ name, value }) => `- ${markdown(name)}: ${markdown(value)}`),
        '',
        `[${footer}](${link})`,
      ].join('\n');
    case 'BBCode':
      return [
        `[b]${line}[/b]`,
        '[list]',
        ...facts.map(({ name, value }) => `[*]${name}: ${value}`),
        '[/list]',
        `[url=${link}]${footer}[/url]`,
      ].join('\n');
    case 'Plain text':
      return [line, '', ...facts.map(({ name, value }) => `${name}: ${value}`), '', `${footer} ${link}`].join('\n');
    case 'JSON':
      return JSON.stringify(resultObject(worked, link), null, 2);
    case 'CSV': {
      const { answer } = worked;
      const row: readonly (readonly [string, string | number])[] = [
        ['model', worked.model.id],
        ['quant', worked.quant],
        ['machine', worked.machineName],
        ['context', worked.request.context],
        ['verdict', answer.verdict ?? ''],
        ['total_bytes', answer.devices.reduce((sum, { totalBytes }) => sum + totalBytes, 0)],
        ['decode_tokens_per_second', answer.decode.tokensPerSecond],
        ['decode_low', answer.decode.low],
        ['decode_high', answer.decode.high],
        ['prefill_tokens_per_second', answer.prefill.tokensPerSecond],
        ['prefill_low', answer.prefill.low],
        ['prefill_high', answer.prefill.high],
        ['link', link],
      ];
      return `${row.map(([name]) => name).join(',')}\r\n${row.map(([, value]) => csvField(String(value))).join(',')}\r\n`;
    }
  }
}

/** The answer as an object with bytes and tokens a second. */
export function resultObject({ model, quant, machineName, request, answer }: Worked, link: string): object {
  const speed = ({ tokensPerSecond, low, high }: { tokensPerSecond: number; low: number; high: number }): object => ({
    tokensPerSecond,
    low,
    high,
  });
  return {
    link,
    model: model.id,
    quant,
    machine: machineName,
    context: request.context,
    cacheTypeK: request.cacheTypeK,
    cacheTypeV: request.cacheTypeV,
    gpuLayers: request.gpuLayers,
    cpuMoeLayers: request.cpuMoeLayers,
    verdict: answer.verdict,
    devices: answer.devices.map(({ name, weightsBytes, kvCacheBytes, computeBytes, totalBytes, capacityBytes, verdict }) => ({
      name,
      weightsBytes,
      kvCacheBytes,
      computeBytes,
      totalBytes,
      capacityBytes,
      verdict,
    })),
    decode: speed(answer.decode),
    prefill: { ...speed(answer.prefill), promptTokens: request.promptTokens, secondsToFirstToken: answer.prefill.secondsToFirstToken },
    warnings: answer.warnings,
  };
}
