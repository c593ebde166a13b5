import * as Plot from '@observablehq/plot';
import { JSDOM } from 'jsdom';

/** One event of the picture. */
export interface Moment {
  /** YYYY, YYYY-MM or YYYY-MM-DD. */
  readonly date: string;
  /** The lane it stands in. */
  readonly kind: string;
  /** CSS variable that colours the dot. */
  readonly colour: string;
}

export interface TimelineChartOptions {
  readonly moments: readonly Moment[];
  /** The picture in a sentence, for those who don't see it. */
  readonly alternative: string;
  /** Width of the drawing in CSS pixels. */
  readonly width: number;
}

const document = new JSDOM('').window.document;

/** The middle of what a date leaves open: a year is its first of July, a month its fifteenth. */
function middleOf(date: string): Date {
  const [year = '', month = '07', day = month === '07' && date.length === 4 ? '01' : '15'] = date.split('-');
  return new Date(`${year}-${month}-${day}T00:00:00Z`);
}

/**
 * Events as dots by quarter, stacked, one lane a kind; drawn at build time, colours follow the page's theme.
 *
 * @returns SVG with `role="img"` and the alternative text as its name
 */
export function timelineChart({ moments, alternative, width }: TimelineChartOptions): string {
  const kinds = [...new Set(moments.map(({ kind }) => kind))];
  const wide = width >= 500;
  // A dot a quarter and kind, its area by the count: single dots would lie on each other.
  const groups = new Map<string, { quarter: Date; kind: string; colour: string; count: number }>();
  for (const { date, kind, colour } of moments) {
    const day = middleOf(date);
    const quarter = new Date(Date.UTC(day.getUTCFullYear(), Math.floor(day.getUTCMonth() / 3) * 3 + 1, 15));
    const key = `${kind} ${quarter.toISOString()}`;
    const group = groups.get(key) ?? { quarter, kind, colour, count: 0 };
    group.count++;
    groups.set(key, group);
  }
  const dots = [...groups.values()];
  const svg = Plot.plot({
    document,
    width,
    height: kinds.length * (wide ? 46 : 42) + 40,
    marginLeft: wide ? 84 : 74,
    marginRight: 14,
    marginTop: 8,
    x: { type: 'utc', label: null, ticks: wide ? 10 : 5 },
    y: { type: 'band', domain: kinds, label: null, tickSize: 0 },
    r: { type: 'sqrt', range: [0, wide ? 15 : 11] },
    style: { fontSize: wide ? '13px' : '12px', background: 'none', color: 'var(--sl-color-gray-2)' },
    marks: [
      Plot.gridX({ stroke: 'var(--chart-grid)', strokeOpacity: 1 }),
      Plot.dot(dots, {
        x: 'quarter',
        y: 'kind',
        r: (dot: (typeof dots)[number]) => dot.count,
        fill: (dot: (typeof dots)[number]) => `var(${dot.colour})`,
        fillOpacity: 0.85,
      }),
    ],
  });
  // Plot names its groups, which is not allowed inside a picture that has one name of its own.
  for (const group of svg.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', alternative);
  return svg.outerHTML;
}
