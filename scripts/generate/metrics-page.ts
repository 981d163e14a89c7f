/** docs/metrics.md: what a PROMETHEUS listener tells, from the declarations. */
import { METRICS, type MetricScope } from '../../src/render/haproxy/octavia-metrics.ts';
import { NOTICE, code, table } from './markdown.ts';

const INTRODUCTION = `A listener of protocol PROMETHEUS answers \`GET /metrics\` on the VIP with the metrics below, in Prometheus's text format
0.0.4; anything else is 404. \`allowed_cidrs\`, the connection limit and the client timeout apply as to other listeners. The
names, types and labels are Octavia's, so its Grafana dashboard (15828) shows them.

The answer comes from the load balancer's own HAProxy: it is there as long as traffic is, also while the Edgeweir server is
away. A reload starts the counters at zero, as with Octavia; Prometheus's \`rate\` and \`increase\` know that.

\`\`\`
openstack loadbalancer listener create --name metrics --protocol PROMETHEUS --protocol-port 9100 --allowed-cidr 192.0.2.0/24 my-lb
curl http://$VIP:9100/metrics
\`\`\`

\`listener\` and \`member\` hold ids. \`pool\` holds \`<pool>:<listener>\`, because a pool that serves two listeners is counted for
each of them. \`state\` is DOWN or UP, for a member also MAINT (switched off), DRAIN and NOLB; the state it is in has the value 1,
the others 0. \`code\` is 1xx to 5xx, or other. A value that a balancer does not have, such as a limit that is not set, is NaN.
Traffic of UDP and SCTP listeners is not in these metrics.`;

const TITLES: Readonly<Record<MetricScope, string>> = {
  loadbalancer: 'The load balancer',
  memory_pool: 'Memory pools of the proxy',
  listener: 'Each listener',
  pool: 'Each pool, for each of its listeners',
  member: 'Each member',
};

export function metricsPage(): string {
  return `${[NOTICE, '# Metrics of a load balancer', INTRODUCTION, ...(Object.keys(TITLES) as MetricScope[]).map(section)].join('\n\n')}\n`;
}

function section(scope: MetricScope): string {
  const rows = METRICS.filter((metric) => metric.scope === scope).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const lines = rows.map(({ name, type, labels, help }) => [code(name), type, labels.join(', '), help]);
  return [`## ${TITLES[scope]}`, table(['metric', 'type', 'labels', 'meaning'], lines)].join('\n\n');
}
