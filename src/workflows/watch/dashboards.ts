import { join, resolve } from "node:path";
import { grafanaDashboard } from "../../capabilities/monitoring/alerts/grafana-dashboard.js";
import { prometheusRules } from "../../capabilities/monitoring/alerts/prometheus-rules.js";
import type { Language } from "../../engines/pages/texts.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";

/** `rules.yml` for Prometheus and `dashboard.json` for Grafana, over what `/metrics` of a server shows. */
export function writeDashboards(folder: string, language: Language): void {
  const target = resolve(folder);
  writeFileAtomic(join(target, "rules.yml"), prometheusRules(language));
  writeFileAtomic(join(target, "dashboard.json"), grafanaDashboard(language));
}
