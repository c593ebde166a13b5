/**
 * Maximum a posteriori fit of named factors: each row is a sum of quantity × product of factors, and its logarithm is compared
 * with the logarithm of what was measured. Factors are fitted in logarithms under Gaussian priors, rows under a pseudo-Huber loss,
 * so that one odd report bends nothing. Gauss-Newton with damping; the Jacobian is exact.
 */

/** One term of a row: seconds before factors, and the factors by name with their powers. */
export interface FitTerm {
  readonly quantity: number;
  readonly factors: readonly (readonly [name: string, power: number])[];
}

export interface FitRow {
  readonly terms: readonly FitTerm[];
  /** What was measured, in the unit of the terms' sum. */
  readonly observed: number;
  readonly weight: number;
}

export interface Prior {
  readonly mean: number;
  /** Standard deviation of the logarithm. */
  readonly deviation: number;
}

export type PriorOf = (name: string) => Prior;

export interface Fitted {
  readonly factors: ReadonlyMap<string, number>;
  /** Posterior standard deviation of the logarithm. */
  readonly deviations: ReadonlyMap<string, number>;
}

/** Scale at which a residual begins to count less, in logarithms. */
const HUBER = 0.08;
const ROUNDS = 60;
const CONVERGED = 1e-8;

interface Compiled {
  readonly quantities: Float64Array;
  /** For each term the parameters and powers, flat. */
  readonly parameters: readonly Int32Array[];
  readonly powers: readonly Float64Array[];
  readonly logObserved: number;
  readonly weight: number;
}

function compile(rows: readonly FitRow[], index: (name: string) => number): readonly Compiled[] {
  return rows.map(({ terms, observed, weight }) => ({
    quantities: Float64Array.from(terms, ({ quantity }) => quantity),
    parameters: terms.map(({ factors }) => Int32Array.from(factors, ([name]) => index(name))),
    powers: terms.map(({ factors }) => Float64Array.from(factors, ([, power]) => power)),
    logObserved: Math.log(observed),
    weight,
  }));
}

/** Logarithm of a row's sum, and its derivatives into `gradient` (cleared first where `touched` says). */
function evaluate(row: Compiled, logs: Float64Array, gradient: Float64Array): number {
  gradient.fill(0);
  let sum = 0;
  const { quantities, parameters, powers } = row;
  for (let term = 0; term < quantities.length; term += 1) {
    const [its, raised] = [parameters[term], powers[term]];
    if (its === undefined || raised === undefined) continue;
    let log = 0;
    for (let k = 0; k < its.length; k += 1) log += (logs[its[k] ?? 0] ?? 0) * (raised[k] ?? 1);
    const value = (quantities[term] ?? 0) * Math.exp(log);
    sum += value;
    for (let k = 0; k < its.length; k += 1) {
      const parameter = its[k] ?? 0;
      gradient[parameter] = (gradient[parameter] ?? 0) + value * (raised[k] ?? 1);
    }
  }
  for (let parameter = 0; parameter < gradient.length; parameter += 1) gradient[parameter] = (gradient[parameter] ?? 0) / sum;
  return Math.log(sum);
}

/** Cholesky factor of a symmetric positive matrix, in place below the diagonal. */
function cholesky(matrix: Float64Array, size: number): void {
  for (let column = 0; column < size; column += 1) {
    let diagonal = matrix[column * size + column] ?? 0;
    for (let k = 0; k < column; k += 1) diagonal -= (matrix[column * size + k] ?? 0) ** 2;
    const root = Math.sqrt(diagonal);
    matrix[column * size + column] = root;
    for (let row = column + 1; row < size; row += 1) {
      let value = matrix[row * size + column] ?? 0;
      for (let k = 0; k < column; k += 1) value -= (matrix[row * size + k] ?? 0) * (matrix[column * size + k] ?? 0);
      matrix[row * size + column] = value / root;
    }
  }
}

function solveWith(factor: Float64Array, size: number, right: Float64Array): Float64Array {
  const result = Float64Array.from(right);
  for (let row = 0; row < size; row += 1) {
    let value = result[row] ?? 0;
    for (let k = 0; k < row; k += 1) value -= (factor[row * size + k] ?? 0) * (result[k] ?? 0);
    result[row] = value / (factor[row * size + row] ?? 1);
  }
  for (let row = size - 1; row >= 0; row -= 1) {
    let value = result[row] ?? 0;
    for (let k = row + 1; k < size; k += 1) value -= (factor[k * size + row] ?? 0) * (result[k] ?? 0);
    result[row] = value / (factor[row * size + row] ?? 1);
  }
  return result;
}

/**
 * @param rows what was measured
 * @param priorOf the prior of each factor that the rows name
 * @returns every factor named, at its most probable value
 */
export function fit(rows: readonly FitRow[], priorOf: PriorOf): Fitted {
  const names: string[] = [];
  const indices = new Map<string, number>();
  const index = (name: string): number => {
    let found = indices.get(name);
    if (found === undefined) {
      found = names.length;
      names.push(name);
      indices.set(name, found);
    }
    return found;
  };
  const compiled = compile(rows, index);
  const size = names.length;
  const priors = names.map(priorOf);
  const means = Float64Array.from(priors, ({ mean }) => Math.log(mean));
  const precisions = Float64Array.from(priors, ({ deviation }) => 1 / deviation ** 2);
  const logs = Float64Array.from(means);
  const gradient = new Float64Array(size);

  const cost = (at: Float64Array): number => {
    let sum = 0;
    for (const row of compiled) {
      const residual = (evaluate(row, at, gradient) - row.logObserved) / HUBER;
      sum += row.weight * 2 * (Math.sqrt(1 + residual ** 2) - 1);
    }
    for (let k = 0; k < size; k += 1) sum += (precisions[k] ?? 0) * ((at[k] ?? 0) - (means[k] ?? 0)) ** 2;
    return sum;
  };

  const normal = (): { matrix: Float64Array; right: Float64Array } => {
    const matrix = new Float64Array(size * size);
    const right = new Float64Array(size);
    for (const row of compiled) {
      const residual = evaluate(row, logs, gradient) - row.logObserved;
      const weight = row.weight / HUBER ** 2 / Math.sqrt(1 + (residual / HUBER) ** 2);
      for (let a = 0; a < size; a += 1) {
        const first = gradient[a] ?? 0;
        if (first === 0) continue;
        right[a] = (right[a] ?? 0) - weight * first * residual;
        for (let b = 0; b <= a; b += 1) matrix[a * size + b] = (matrix[a * size + b] ?? 0) + weight * first * (gradient[b] ?? 0);
      }
    }
    for (let k = 0; k < size; k += 1) {
      matrix[k * size + k] = (matrix[k * size + k] ?? 0) + (precisions[k] ?? 0);
      right[k] = (right[k] ?? 0) - (precisions[k] ?? 0) * ((logs[k] ?? 0) - (means[k] ?? 0));
    }
    return { matrix, right };
  };

  let damping = 1e-3;
  let best = cost(logs);
  for (let round = 0; round < ROUNDS; round += 1) {
    const { matrix, right } = normal();
    let improved = false;
    while (!improved && damping < 1e6) {
      const damped = Float64Array.from(matrix);
      for (let k = 0; k < size; k += 1) damped[k * size + k] = (damped[k * size + k] ?? 0) * (1 + damping);
      cholesky(damped, size);
      const step = solveWith(damped, size, right);
      const next = logs.map((log, k) => log + (step[k] ?? 0));
      const reached = cost(next);
      if (reached < best) {
        improved = true;
        logs.set(next);
        damping = Math.max(1e-6, damping / 5);
        if (best - reached < CONVERGED * best) round = ROUNDS;
        best = reached;
      } else damping *= 5;
    }
    if (!improved) break;
  }
  const { matrix } = normal();
  cholesky(matrix, size);
  const deviations = new Map<string, number>();
  names.forEach((name, k) => {
    const unit = new Float64Array(size);
    unit[k] = 1;
    deviations.set(name, Math.sqrt(solveWith(matrix, size, unit)[k] ?? 0));
  });
  return { factors: new Map(names.map((name, k) => [name, Math.exp(logs[k] ?? 0)])), deviations };
}

/** A row's sum under given factors; a factor that was not fitted is at its prior mean. */
export function predicted(terms: readonly FitTerm[], factors: ReadonlyMap<string, number>, priorOf: PriorOf): number {
  return terms.reduce(
    (sum, { quantity, factors: named }) =>
      sum + named.reduce((value, [name, power]) => value * (factors.get(name) ?? priorOf(name).mean) ** power, quantity),
    0,
  );
}
