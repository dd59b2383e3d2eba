/**
 * The only importer of echarts. The build bundles this file with the parts it uses, so that an installation
 * carries no chart library; everything else imports the option type or the function below.
 */
import { BarChart, BoxplotChart, CustomChart, HeatmapChart, LineChart, ScatterChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, VisualMapComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

export type { EChartsOption as ChartOption } from "echarts";

use([
  BarChart,
  BoxplotChart,
  CustomChart,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  MarkLineComponent,
  ScatterChart,
  SVGRenderer,
  VisualMapComponent,
]);

/** Draws an option without a browser; sizes in CSS pixels. Texts are measured by estimate. */
export function drawSvg(option: object, width: number, height: number): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width, height });
  try {
    chart.setOption({ ...option, animation: false });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
