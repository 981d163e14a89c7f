import { fault } from '../../model/fault.ts';
import type { LoadBalancer } from '../../model/load-balancer.ts';
import type { OctaviaOptions } from './context.ts';

/** The provider a balancer is created with. */
export function chooseProvider(wanted: string | null, { defaultProvider, enabledProviders }: OctaviaOptions): string {
  const provider = wanted ?? defaultProvider;
  if (!enabledProviders.includes(provider)) throw fault.providerDisabled(provider);
  return provider;
}

/** Refuses with 501 what the balancer's provider cannot carry; `missing` names it in words. */
export function refuseUnsupported({ provider }: Pick<LoadBalancer, 'provider'>, missing: string | null): void {
  if (missing !== null) throw fault.unsupportedOption(provider ?? '', missing);
}
