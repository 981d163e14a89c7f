/** How long a measurement may take: enough for figures, or only enough to see that it works. */
export interface Effort {
  readonly rounds: number;
  /** Of one shot. */
  readonly seconds: number;
  /** Of one kind. */
  readonly changes: number;
  /** How many are made beside each other, at each step. */
  readonly balancers: readonly number[];
}

export const WHOLE: Effort = { rounds: 5, seconds: 3, changes: 10, balancers: [1, 100] };
export const QUICK: Effort = { rounds: 1, seconds: 1, changes: 1, balancers: [1, 10] };
