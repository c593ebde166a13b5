import type { JSX } from 'preact';
import { formatRate } from '../../engine/format.ts';
import type { CurvePoint } from './answer.ts';

const WIDTH = 640;
const HEIGHT = 220;
const LEFT = 46;
const BOTTOM = 34;
const TOP = 12;

/** A round number at or above a value: 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-6)));
  return ([1, 2, 5, 10].find((step) => step * power >= value) ?? 10) * power;
}

const tokens = (count: number): string => (count >= 1000 ? `${String(Math.round(count / 1024))}k` : String(count));

/** Writing speed over depth, with its range, as a picture and as a table. */
export function Curve({ points }: { readonly points: readonly CurvePoint[] }): JSX.Element {
  const end = points.at(-1)?.depth ?? 1;
  const top = roundUp(Math.max(...points.map(({ high }) => high)));
  const x = (depth: number): number => LEFT + ((WIDTH - LEFT - 12) * depth) / end;
  const y = (speed: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - speed / top);
  const line = (of: (point: CurvePoint) => number, list: readonly CurvePoint[]): string =>
    list.map((point, index) => `${index === 0 ? 'M' : 'L'}${x(point.depth).toFixed(1)} ${y(of(point)).toFixed(1)}`).join('');
  const band = `${line(({ high }) => high, points)}${line(({ low }) => low, [...points].reverse()).replace('M', 'L')}Z`;
  const first = points[0];
  const last = points.at(-1);
  const summary =
    first === undefined || last === undefined
      ? ''
      : `From ${formatRate(first.middle)} tokens/s at the start to ${formatRate(last.middle)} with ${last.depth.toLocaleString('en-GB')} tokens in the context.`;
  const few = points.filter((_, index) => index % 4 === 0);
  return (
    <>
      <svg viewBox={`0 0 ${String(WIDTH)} ${String(HEIGHT)}`} role="img" aria-label={summary}>
        {[0, 0.5, 1].map((share) => (
          <g>
            <line x1={LEFT} x2={WIDTH - 12} y1={y(top * share)} y2={y(top * share)} class="grid" />
            <text x={LEFT - 6} y={y(top * share) + 4} text-anchor="end">
              {share === 0 ? '0' : formatRate(top * share)}
            </text>
          </g>
        ))}
        {[0, 0.25, 0.5, 0.75, 1].map((share) => (
          <text x={x(end * share)} y={HEIGHT - 14} text-anchor="middle">
            {tokens(end * share)}
          </text>
        ))}
        <path d={band} class="band" />
        <path d={line(({ middle }) => middle, points)} class="line" />
      </svg>
      <div class="scroll" role="group" aria-label="Speed by depth, table" tabIndex={0}>
        <table>
          <caption class="visually-hidden">Tokens a second by tokens in the context</caption>
          <thead>
            <tr>
              <th scope="col">Tokens in the context</th>
              {few.map(({ depth }) => (
                <th scope="col" class="figure">
                  {depth.toLocaleString('en-GB')}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">Tokens/s</th>
              {few.map(({ middle }) => (
                <td class="figure">{formatRate(middle)}</td>
              ))}
            </tr>
          </tbody>
        </table>
      </div>
    </>
  );
}
