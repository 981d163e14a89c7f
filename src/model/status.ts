/**
 * States and what may follow them. Values are Octavia's (octavia-api reference §3.1, §3.2).
 */
export const PROVISIONING_STATUSES = ['ACTIVE', 'PENDING_CREATE', 'PENDING_UPDATE', 'PENDING_DELETE', 'ERROR', 'DELETED'] as const;
export type ProvisioningStatus = (typeof PROVISIONING_STATUSES)[number];

export const OPERATING_STATUSES = ['ONLINE', 'OFFLINE', 'DEGRADED', 'ERROR', 'DRAINING', 'NO_MONITOR'] as const;
export type OperatingStatus = (typeof OPERATING_STATUSES)[number];

/**
 * The status of an object that a write touched, before the loop delivered it. A created object stays PENDING_CREATE
 * through later writes; a deletion is final.
 */
export function pendingAfterWrite(current: ProvisioningStatus): ProvisioningStatus {
  return current === 'PENDING_CREATE' || current === 'PENDING_DELETE' ? current : 'PENDING_UPDATE';
}

export function isPending(status: ProvisioningStatus): boolean {
  return status.startsWith('PENDING_');
}
