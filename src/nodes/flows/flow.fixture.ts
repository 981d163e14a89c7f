/** Lines as HAProxy writes them. */
import { FLOW_FIELDS, type FlowField } from '../../render/haproxy/flow-log.ts';

const HTTP: Readonly<Record<FlowField, string>> = {
  tag: 'weir1',
  project: '5408b89aa45b48c69a53dca1aaec58db',
  balancer: 'fd8f23df-960b-4b12-ba62-2b1dff661ee7',
  node: '3e0239c3-5496-4215-b76c-6abbe18de573',
  pid: '1644',
  listener: '261ecfc2-9e8e-4bba-9ec2-3c903459a895',
  clientAddress: '172.24.4.1',
  clientPort: '41152',
  vipAddress: '172.24.4.20',
  vipPort: '80',
  seconds: '1560300253',
  milliseconds: '030',
  date: '12/Jun/2019:00:44:13.030',
  status: '200',
  bytesOut: '76',
  bytesIn: '73',
  verify: '-',
  backend: 'e37e0e04-68a3-435b-876c-cffe4f2138a4:261ecfc2-9e8e-4bba-9ec2-3c903459a895',
  server: '6f2720b3-27dc-4496-9039-1aafe2fee105',
  serverAddress: '10.0.0.11',
  serverPort: '8080',
  handshakeTime: '0',
  idleTime: '10',
  requestTime: '1',
  queueTime: '0',
  connectTime: '1',
  responseTime: '2',
  activeTime: '4',
  totalTime: '14',
  termination: '--',
  retries: '0',
  tlsVersion: '-',
  tlsCipher: '-',
  error: said('Success'),
  alpn: '-',
  serverName: '-',
  subject: '-',
  issuer: '-',
  host: said('shop.example'),
  userAgent: said('curl/7.88.1'),
  referrer: '-',
  request: '"GET / HTTP/1.1"',
};

/** As HAProxy's converter writes a string. */
export function said(text: string): string {
  return text === '' ? '-' : Buffer.from(text).toString('base64');
}

export function lineOf(change: Partial<Record<FlowField, string>> = {}): string {
  const fields = { ...HTTP, ...change };
  return FLOW_FIELDS.map((field) => fields[field]).join(' ');
}

/** What a connection lacks whose requests are not read. */
export const TCP: Partial<Record<FlowField, string>> = {
  status: '-',
  idleTime: '-',
  requestTime: '-',
  responseTime: '-',
  activeTime: '-',
  host: '-',
  userAgent: '-',
  request: '-',
};
