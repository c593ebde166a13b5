/// <reference types="astro/client" />

declare module 'jsdom' {
  export class JSDOM {
    constructor(html: string);
    readonly window: Window & typeof globalThis;
  }
}

declare module 'virtual:calculator-data' {
  import type { CalculatorData } from '~/tools/calculator/data.ts';

  export const data: CalculatorData;
}
