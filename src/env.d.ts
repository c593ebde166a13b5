/// <reference types="astro/client" />

declare module 'jsdom' {
  export class JSDOM {
    constructor(html: string);
    readonly window: Window & typeof globalThis;
  }
}

declare module 'virtual:calculator-data' {
  export const data: import('./tools/calculator/data.ts').CalculatorData;
}
