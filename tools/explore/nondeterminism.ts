/** The scenario is not a function of its schedule. */
export class NondeterminismError extends Error {
  constructor(at: number) {
    super(
      `the scenario is not deterministic: with the same choices it did something else at choice ${at + 1}. ` +
        'Does it use Math.random, the date, a timer of the host, or a variable that outlives an execution?',
    );
    this.name = 'NondeterminismError';
  }
}
