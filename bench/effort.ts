/** How long a measurement may take: enough for figures, or only enough to see that it works. */
export interface Effort {
  readonly rounds: number;
  /** Of one shot. */
  readonly seconds: number;
  /** Of one kind. */
  readonly changes: number;
  /** How many are made beside each other, at each step. */
  readonly balancers: readonly number[];
  /** At the edge. */
  readonly gateways: number;
}

export const WHOLE: Effort = { rounds: 5, seconds: 3, changes: 10, balancers: [1, 100], gateways: 1000 };
export const QUICK: Effort = { rounds: 1, seconds: 1, changes: 1, balancers: [1, 10], gateways: 50 };
