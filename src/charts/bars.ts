import * as Plot from '@observablehq/plot';
import { JSDOM } from 'jsdom';

/** One bar of a chart. */
export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The figure as text, unit included. */
  readonly text: string;
  /** CSS variable that colours the bar: "--chart-card". */
  readonly colour: string;
}

export interface BarChartOptions {
  readonly bars: readonly Bar[];
  readonly scale: 'linear' | 'log';
  /** What the axis counts, unit included. */
  readonly axis: string;
  /** The chart in a sentence, for those who don't see it. */
  readonly alternative: string;
  /** Width of the drawing in CSS pixels; text keeps its size, so a phone gets a drawing of its own. */
  readonly width: number;
}

const document = new JSDOM('').window.document;

/** Rough width of a text in CSS pixels; jsdom measures nothing. */
const textWidth = (text: string, size: number): number => text.length * size * 0.56;

/** Powers of ten that enclose the values. */
function decades(values: readonly number[]): [number, number] {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.ceil(Math.log10(Math.max(...values)));
  return [10 ** low, 10 ** high];
}

/**
 * Horizontal bars as SVG text, drawn at build time; colours follow the page's theme through CSS variables.
 *
 * @returns markup with `role="img"` and the alternative text as its name
 */
export function barChart({ bars, scale, axis, alternative, width }: BarChartOptions): string {
  const values = bars.map((bar) => bar.value);
  const size = width < 500 ? 12 : 13;
  const domain = scale === 'log' ? decades(values) : [0, Math.max(...values)];
  const marginLeft = Math.ceil(Math.max(...bars.map((bar) => textWidth(bar.label, size))) + 12);
  const marginRight = Math.ceil(Math.max(...bars.map((bar) => textWidth(bar.text, size))) + 12);
  const wide = width >= 500;
  const svg = Plot.plot({
    document,
    width,
    // On a narrow drawing the label stands above its bar.
    height: bars.length * (wide ? 26 : 42) + 54,
    marginLeft: wide ? marginLeft : 12,
    marginRight: wide ? marginRight : 24,
    marginTop: 8,
    marginBottom: 46,
    style: `font-size: ${String(size)}px; background: none; color: currentColor;`,
    x: {
      type: scale,
      domain,
      label: axis,
      labelArrow: 'none',
      labelAnchor: 'left',
      grid: true,
      ticks: scale === 'log' ? Math.log10((domain[1] ?? 1) / (domain[0] ?? 1)) : wide ? 6 : 4,
      tickFormat: (value: number) => value.toLocaleString('en-GB'),
    },
    y: { domain: bars.map((bar) => bar.label), label: null, axis: null, paddingInner: wide ? 0.28 : 0.5, paddingOuter: 0.2 },
    marks: [
      Plot.gridX({ stroke: 'var(--chart-grid)', strokeOpacity: 1 }),
      Plot.barX(bars, {
        x1: domain[0] ?? 0,
        x2: 'value',
        y: 'label',
        insetTop: wide ? 0 : 8,
        insetBottom: wide ? 0 : -6,
        rx: 2,
        fill: (bar: Bar) => `var(${bar.colour})`,
      }),
      ...(wide
        ? [
            Plot.text(bars, { x: domain[0] ?? 0, y: 'label', text: 'label', textAnchor: 'end', dx: -8, fill: 'currentColor' }),
            Plot.text(bars, { x: 'value', y: 'label', text: 'text', textAnchor: 'start', dx: 6, fill: 'currentColor' }),
          ]
        : [
            Plot.text(bars, {
              x: domain[0] ?? 0,
              y: 'label',
              text: (bar: Bar) => `${bar.label} · ${bar.text}`,
              textAnchor: 'start',
              dy: -11,
              fill: 'currentColor',
              stroke: 'var(--sl-color-bg)',
              strokeWidth: 4,
            }),
          ]),
    ],
  });
  // Plot names its groups, which is not allowed inside a picture that has one name of its own.
  for (const group of svg.querySelectorAll('g[aria-label]')) group.removeAttribute('aria-label');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', alternative);
  return svg.outerHTML;
}
