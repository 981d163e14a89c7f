/** Why a member is in its state, in words, and who saw it. Pure. */
import type { HealthMonitor } from '../model/health-monitor.ts';
import type { Member } from '../model/member.ts';
import type { MemberReading } from '../model/reading.ts';
import type { OperatingStatus } from '../model/status.ts';
import type { Seen } from '../store/readings.ts';

/**
 * @param status the one that the reading means
 * @param before the reading that came before it; undefined for the first
 */
export function seenOf(
  member: Member,
  status: OperatingStatus,
  { reading, before, monitor }: { reading: MemberReading | undefined; before: MemberReading | undefined; monitor: HealthMonitor | undefined },
): Seen {
  const reason = reasonOf(member, reading, monitor);
  // Who brought the state about stays told, also when the other one agrees later.
  if (status === member.operating_status) return { reason, by: member.status_seen_by };
  return { reason, by: reading === undefined || reason === null ? null : observerOf(reading, before) };
}

function reasonOf(member: Member, reading: MemberReading | undefined, monitor: HealthMonitor | undefined): string | null {
  if (!member.admin_state_up || reading?.state === 'maint') return 'switched off';
  if (reading === undefined || reading.state === 'unchecked') return null;
  // Without an answer yet the last one stands, as the state does.
  if (reading.state === 'unknown') return member.status_reason;
  const answer = reading.reason === '' ? null : expectation(reading.reason, reading.state, monitor);
  return reading.state === 'drain' ? (answer ?? 'weight 0') : answer;
}

/** "HTTP 503" alone does not tell what is wrong with it. */
function expectation(words: string, state: MemberReading['state'], monitor: HealthMonitor | undefined): string {
  const codes = monitor?.expected_codes ?? null;
  return state === 'down' && codes !== null && /^HTTP \d+$/.test(words) ? `${words}, expected ${codes}` : words;
}

/** `traffic` when clients' failed connections took it down since the last reading, `check` for all that checks say. */
function observerOf(reading: MemberReading, before: MemberReading | undefined): Seen['by'] {
  if (reading.state === 'maint' || reading.state === 'unchecked') return null;
  if (reading.state !== 'down') return 'check';
  if (reading.observed === true) return 'traffic';
  const [now, then] = [reading.observedFailures ?? 0, before?.observedFailures];
  // A new worker counts from zero.
  return then !== undefined && now > (now < then ? 0 : then) ? 'traffic' : 'check';
}
