import { neutral, type DashboardSpec, inNamespace, noneAllowed, percentile, upTo } from './panel.ts'

const chosen = `${inNamespace}, service=~"$service"`
const requests = (selector = ''): string => `http_request_duration_seconds_count{${chosen}${selector}}`
const containers = `${inNamespace}, container=~"order|payment|inventory|notification"`

export const services: DashboardSpec = {
  uid: 'order-saga-services',
  title: 'Order saga / Services',
  description: 'APIs, pods, CPU, memory, event loops and connection pools of the services.',
  byService: true,
  rows: [
    {
      title: 'APIs',
      panels: [
        {
          title: 'Requests',
          description: 'Requests per second, by service and status. Normal: 2xx, some 4xx, no 5xx.',
          kind: 'lines',
          unit: 'reqps',
          width: 8,
          steps: neutral,
          queries: [
            {
              expr: `sum by (service, status) (rate(${requests()}[$__rate_interval]))`,
              legend: '{{service}} {{status}}',
            },
          ],
        },
        {
          title: 'Failed requests',
          description:
            'Share of 5xx responses. Normal: 0. 503: the database is unavailable, or the limit of open orders is reached.',
          kind: 'lines',
          unit: 'percentunit',
          width: 8,
          steps: upTo(0.001, 0.01),
          queries: [
            {
              expr:
                `(sum by (service) (rate(${requests(', status=~"5.."')}[$__rate_interval])) or 0 * sum by (service) (rate(${requests()}[$__rate_interval])))` +
                ` / (sum by (service) (rate(${requests()}[$__rate_interval])) > 0)`,
              legend: '{{service}}',
            },
          ],
        },
        {
          title: 'Response time (p95)',
          description: 'By route. Normal: below 0.1 s; POST /orders waits for one commit.',
          kind: 'lines',
          unit: 's',
          width: 8,
          steps: upTo(0.25, 1),
          queries: [
            {
              expr: percentile(0.95, 'http_request_duration_seconds', chosen, ['method', 'route']),
              legend: '{{method}} {{route}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Pods',
      panels: [
        {
          title: 'Scraped pods',
          description: 'Processes scraped by Prometheus. Normal: between minReplicas and maxReplicas of each service.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: neutral,
          queries: [{ expr: `count by (service) (process_start_time_seconds{${chosen}})`, legend: '{{service}}' }],
        },
        {
          title: 'Container restarts',
          description:
            'In the last hour. Normal: 0. For the reason see the log of the previous container (kubectl logs --previous).',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: noneAllowed,
          expectEmpty: 'kube-state-metrics',
          queries: [
            {
              expr: `sum by (container) (increase(kube_pod_container_status_restarts_total{${containers}}[1h]))`,
              legend: '{{container}}',
            },
          ],
        },
        {
          title: 'Pods desired by the autoscaler',
          description:
            'Normal: follows the backlog. At the maximum for a long time: raise maxReplicas, or find the bottleneck.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: neutral,
          expectEmpty: 'autoscaler',
          queries: [
            {
              expr: `max by (horizontalpodautoscaler) (kube_horizontalpodautoscaler_status_desired_replicas{${inNamespace}})`,
              legend: '{{horizontalpodautoscaler}}',
            },
            {
              expr: `max by (horizontalpodautoscaler) (kube_horizontalpodautoscaler_spec_max_replicas{${inNamespace}})`,
              legend: '{{horizontalpodautoscaler}} maximum',
            },
          ],
        },
      ],
    },
    {
      title: 'CPU and memory',
      panels: [
        {
          title: 'CPU',
          description:
            'Cores used by each process. Normal: well below 1: JavaScript runs on one core; near 1 the event loop is delayed.',
          kind: 'lines',
          unit: 'short',
          width: 8,
          steps: upTo(0.7, 0.9),
          queries: [
            {
              expr: `sum by (service, pod) (rate(process_cpu_seconds_total{${chosen}}[$__rate_interval]))`,
              legend: '{{service}} {{pod}}',
            },
          ],
        },
        {
          title: 'Memory',
          description:
            'Resident memory of each process. Normal: constant, 80 to 200 MB; the limit is resources.limits.memory.',
          kind: 'lines',
          unit: 'bytes',
          width: 8,
          steps: upTo(262_144_000, 314_572_800),
          queries: [
            {
              expr: `max by (service, pod) (process_resident_memory_bytes{${chosen}})`,
              legend: '{{service}} {{pod}}',
            },
          ],
        },
        {
          title: 'Throttled CPU',
          description:
            'Share of CFS periods in which a container was throttled. Normal: below 0.05; above it, raise resources.limits.cpu.',
          kind: 'lines',
          unit: 'percentunit',
          width: 8,
          steps: upTo(0.05, 0.25),
          expectEmpty: 'cadvisor',
          queries: [
            {
              expr:
                `sum by (container) (rate(container_cpu_cfs_throttled_periods_total{${containers}}[$__rate_interval]))` +
                ` / sum by (container) (rate(container_cpu_cfs_periods_total{${containers}}[$__rate_interval]))`,
              legend: '{{container}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Node.js',
      panels: [
        {
          title: 'Event loop delay (p99)',
          description: 'Since the previous scrape. Normal: below 0.05 s.',
          kind: 'lines',
          unit: 's',
          width: 8,
          steps: upTo(0.1, 0.5),
          queries: [
            {
              expr: `max by (service, pod) (nodejs_eventloop_lag_p99_seconds{${chosen}})`,
              legend: '{{service}} {{pod}}',
            },
          ],
        },
        {
          title: 'Garbage collection',
          description:
            'Share of time. Normal: below 0.05; above it, the allocation rate is high or the heap is nearly full.',
          kind: 'lines',
          unit: 'percentunit',
          width: 8,
          steps: upTo(0.05, 0.2),
          queries: [
            {
              expr: `sum by (service, pod) (rate(nodejs_gc_duration_seconds_sum{${chosen}}[$__rate_interval]))`,
              legend: '{{service}} {{pod}}',
            },
          ],
        },
        {
          title: 'Heap used',
          description: 'Normal: a saw-tooth with a constant minimum. A minimum that rises for hours indicates a leak.',
          kind: 'lines',
          unit: 'bytes',
          width: 8,
          steps: neutral,
          queries: [
            {
              expr: `max by (service, pod) (nodejs_heap_size_used_bytes{${chosen}})`,
              legend: '{{service}} {{pod}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Connection pools',
      panels: [
        {
          title: 'Database connections',
          description:
            'All pods of a service, used and idle. Normal: used is below DB_POOL_MAX times the number of pods.',
          kind: 'lines',
          unit: 'short',
          width: 12,
          steps: neutral,
          queries: [
            {
              expr: `sum by (service, state) (db_pool_connections{${chosen}})`,
              legend: '{{service}} {{state}}',
            },
          ],
        },
        {
          title: 'Waiting for a connection',
          description:
            'Requests that wait for a connection. Normal: 0. Above it for a long time: the database is slow, or DB_POOL_MAX is too low.',
          kind: 'lines',
          unit: 'short',
          width: 12,
          steps: upTo(5, 50),
          queries: [{ expr: `sum by (service) (db_pool_waiting_requests{${chosen}})`, legend: '{{service}}' }],
        },
        {
          title: 'Clock skew',
          description:
            "Difference between a pod's clock and its database's. Normal: milliseconds. Above MAX_CLOCK_SKEW_MS the pod is not ready.",
          kind: 'lines',
          unit: 's',
          width: 12,
          steps: upTo(1, 5),
          queries: [{ expr: `max by (service) (abs(clock_skew_seconds{${chosen}}))`, legend: '{{service}}' }],
        },
      ],
    },
  ],
}
