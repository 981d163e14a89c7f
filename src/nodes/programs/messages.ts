/** What a server and its starter say to each other; numbers tell to what an answer belongs. */
import type { DaemonOrder, Order, Outcome } from './programs.ts';

export type Request =
  | { readonly kind: 'execute'; readonly number: number; readonly order: Order }
  /** What the program reads; null is nothing. */
  | { readonly kind: 'input'; readonly number: number; readonly text: string | null }
  | { readonly kind: 'stream'; readonly number: number; readonly order: Order; readonly tells: boolean }
  /** The last chunk is dealt with. */
  | { readonly kind: 'more'; readonly number: number }
  /** Nobody wants the rest. */
  | { readonly kind: 'enough'; readonly number: number }
  | { readonly kind: 'launch'; readonly number: number; readonly order: DaemonOrder };

export type Report =
  | { readonly kind: 'outcome'; readonly number: number; readonly outcome: Outcome }
  | { readonly kind: 'chunk'; readonly number: number; readonly chunk: Uint8Array }
  | { readonly kind: 'launched'; readonly number: number; readonly pid: number }
  | { readonly kind: 'ended'; readonly number: number }
  /** It could not be begun. */
  | { readonly kind: 'refused'; readonly number: number; readonly reason: string };
