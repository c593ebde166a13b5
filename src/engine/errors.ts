/** Input that can't be computed. The message is a sentence for the reader: what is wrong and what to change. */
export class EngineError extends Error {
  /** Short stable name of the fault, for programs: "unknown-quant", "quantized-v-needs-flash-attention". */
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'EngineError';
    this.code = code;
  }
}
