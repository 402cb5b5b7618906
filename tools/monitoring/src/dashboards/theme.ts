import {
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  SortOrder,
  StackingMode,
  TooltipDisplayMode,
  GraphThresholdsStyleConfigBuilder,
  ReduceDataOptionsBuilder,
  StackingConfigBuilder,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common'
import {
  type Dashboard,
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard'
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus'
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat'
import { PanelBuilder as TimeseriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries'
import type { DashboardSpec, PanelSpec, Query, Step } from './panel.ts'

const datasource = { type: 'prometheus', uid: '${datasource}' }
const heights = { number: 4, graph: 8 }

/** Builds Grafana's dashboard, with common styles and variables for data source, namespace and release. */
export function dashboardOf(spec: DashboardSpec): Dashboard {
  const builder = new DashboardBuilder(spec.title)
    .uid(spec.uid)
    .description(spec.description)
    .tags(['order-saga'])
    .readonly()
    .timezone('browser')
    .time({ from: 'now-1h', to: 'now' })
    .refresh('30s')
    .tooltip(DashboardCursorSync.Crosshair)
    .link(
      new DashboardLinkBuilder('Order saga')
        .type(DashboardLinkType.Dashboards)
        .tags(['order-saga'])
        .includeVars(true)
        .keepTime(true),
    )
    .withVariable(new DatasourceVariableBuilder('datasource').label('Data source').type('prometheus'))
    .withVariable(labelVariable('namespace', 'Namespace', 'label_values(outbox_published_total, namespace)'))
    .withVariable(
      labelVariable('release', 'Release', 'label_values(outbox_published_total{namespace="$namespace"}, release)'),
    )
  if (spec.byService === true) {
    const services = labelVariable(
      'service',
      'Service',
      'label_values(process_start_time_seconds{namespace="$namespace", release="$release"}, service)',
    )
    builder.withVariable(services.multi(true).includeAll(true))
    // Metrics of kube-state-metrics and cAdvisor have no release label, only object names.
    const prefixes = labelVariable(
      'prefix',
      'Prefix of names',
      'label_values(outbox_published_total{namespace="$namespace", release="$release"}, pod)',
    )
    builder.withVariable(prefixes.regex('/^(.+)-[a-z]+-[^-]+-[^-]+$/').hide(VariableHide.HideVariable))
  }
  let id = 1
  for (const row of spec.rows) {
    builder.withRow(new RowBuilder(row.title).id(id++))
    for (const panel of row.panels) {
      builder.withPanel((panel.kind === 'number' ? numberOf(panel) : graphOf(panel)).id(id++))
    }
  }
  return builder.build()
}

function labelVariable(name: string, label: string, query: string): QueryVariableBuilder {
  return (
    new QueryVariableBuilder(name)
      .label(label)
      .datasource(datasource)
      .query(query)
      .refresh(VariableRefresh.OnTimeRangeChanged)
      // oxlint-disable-next-line unicorn/no-array-sort -- a builder's
      .sort(VariableSort.AlphabeticalAsc)
  )
}

function numberOf(spec: PanelSpec): StatBuilder {
  const panel = new StatBuilder()
    .height(heights.number)
    .colorMode(BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.Area)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .noValue('no data')
  return common(panel, spec)
}

function graphOf(spec: PanelSpec): TimeseriesBuilder {
  const stacking = {
    lines: StackingMode.None,
    stack: StackingMode.Normal,
    shares: StackingMode.Percent,
    number: StackingMode.None,
  }
  const showsLimits = spec.kind === 'lines' && spec.steps.length > 1
  const panel = new TimeseriesBuilder()
    .height(heights.graph)
    .lineWidth(1)
    .fillOpacity(spec.kind === 'lines' ? 5 : 40)
    .axisSoftMin(0)
    .stacking(new StackingConfigBuilder().mode(stacking[spec.kind]))
    .thresholdsStyle(
      new GraphThresholdsStyleConfigBuilder().mode(
        showsLimits ? GraphThresholdsStyleMode.Dashed : GraphThresholdsStyleMode.Off,
      ),
    )
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(['lastNotNull', 'max']),
    )
    // oxlint-disable-next-line unicorn/no-array-sort -- a builder's
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending))
  return common(panel, spec)
}

function common<B extends StatBuilder | TimeseriesBuilder>(panel: B, spec: PanelSpec): B {
  panel
    .title(spec.title)
    .description(spec.description)
    .datasource(datasource)
    .unit(spec.unit)
    .span(spec.width)
    .min(0)
    .thresholds(thresholdsOf(spec.steps))
  if (spec.links !== undefined) {
    panel.links(
      spec.links.map(({ title, url }) => new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url)),
    )
  }
  spec.queries.forEach((query, i) => panel.withTarget(queryOf(query, i)))
  return panel
}

function thresholdsOf(steps: readonly Step[]): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder()
    .mode(ThresholdsMode.Absolute)
    .steps(steps.map(([value, color]) => ({ value, color })))
}

function queryOf({ expr, legend }: Query, i: number): DataqueryBuilder {
  return new DataqueryBuilder()
    .refId(String.fromCodePoint('A'.codePointAt(0)! + i))
    .expr(expr)
    .legendFormat(legend)
    .range()
}
