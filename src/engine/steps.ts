/** A line of arithmetic that a reader can redo on paper. */
export interface Step {
  readonly id: string;
  /** What is worked out: "Reading the weights". */
  readonly label: string;
  /** The sum with its numbers: "4.62 GB ÷ (0.93 × 672 GB/s)". */
  readonly expression: string;
  /** What comes out, with its unit: "7.39 ms". */
  readonly result: string;
}
