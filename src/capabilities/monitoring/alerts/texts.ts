import { defineTexts } from "../../../engines/pages/texts.js";

/** What alerts say: in the store, in logs, webhooks and e-mails. */
export const alertTexts = defineTexts(
  {
    performance: (metric: string, value: string, interval: string, rows: string, before: string) =>
      `${metric} is ${value} ${interval} on ${rows} labelled rows, ${before} at training.`,
    estimateContradicted: (metric: string, expected: string, rows: string, realised: string) =>
      `${metric} was expected to be ${expected} on ${rows} labelled rows and is ${realised}: the relation of inputs to target has changed, or the probabilities are not calibrated.`,
    labelsUnknown: (rows: number, shown: string) =>
      `${rows === 1 ? "1 label names a class" : `${rows} labels name classes`} that the model does not know, and ${rows === 1 ? "counts" : "count"} in no figure: ${shown}. Correct the labels, or train again with rows of the new class.`,
    labelCount: (label: string, rows: string) => `${label} (${rows})`,
    predictionsChanged: (columns: string, rows: string, reference: string) =>
      `Predictions have changed: ${columns} (${rows} rows against ${reference}).`,
    inputsChanged: (columns: string, rows: string, reference: string) =>
      `Inputs have changed: ${columns} (${rows} rows against ${reference}).`,
    allColumns: "all columns together",
    listed: (items: readonly string[]) => items.join(", "),
    andMore: ", …",
    logDamaged: (lines: string) =>
      `${lines} lines of the prediction log were torn or damaged; the others were kept.`,
    page: "page",
    ticket: "ticket",
    info: "info",
    line: (severity: string, model: string, message: string) => `[${severity}] ${model}: ${message}`,
    subject: (severity: string, models: string, alerts: number) =>
      `[${severity}] ${models}: ${alerts === 1 ? "1 alert" : `${alerts} alerts`}`,
    history: (key: string, since: string, times: number) =>
      `${key}, since ${since}, found ${times === 1 ? "once" : `${times} times`}`,
    more: (model: string) => `quern monitor ${model} --report report.html shows more.`,
  },
  {
    performance: (metric, value, interval, rows, before) =>
      `${metric}在 ${rows} 行有标签的数据上为 ${value} ${interval}，训练时为 ${before}。`,
    estimateContradicted: (metric, expected, rows, realised) =>
      `${metric}在 ${rows} 行有标签的数据上预计为 ${expected}，实际为 ${realised}：输入与目标之间的关系已改变，或概率未经校准。`,
    labelsUnknown: (rows, shown) =>
      `${rows} 个标签属于模型不认识的类别，不计入任何指标：${shown}。请更正标签，或用含新类别的数据重新训练。`,
    labelCount: (label, rows) => `${label}（${rows} 个）`,
    predictionsChanged: (columns, rows, reference) =>
      `预测发生了变化：${columns}（${rows} 行，对照 ${reference} 行）。`,
    inputsChanged: (columns, rows, reference) =>
      `输入发生了变化：${columns}（${rows} 行，对照 ${reference} 行）。`,
    allColumns: "所有列合并",
    listed: (items) => items.join("、"),
    andMore: " 等",
    logDamaged: (lines) => `预测日志有 ${lines} 行不完整或已损坏，其余均已保留。`,
    page: "紧急",
    ticket: "待处理",
    info: "提示",
    line: (severity, model, message) => `[${severity}] ${model}：${message}`,
    subject: (severity, models, alerts) => `[${severity}] ${models}：${alerts} 项告警`,
    history: (key, since, times) => `${key}，始于 ${since}，已发现 ${times} 次`,
    more: (model) => `详情见 quern monitor ${model} --language zh --report report.html。`,
  },
);
export type AlertTexts = ReturnType<typeof alertTexts>;

/** What Prometheus' rules and Grafana's dashboard say of a running server. */
export const dashboardTexts = defineTexts(
  {
    burning: (rate: string, availability: string) =>
      `Requests fail ${rate} times as often as the objective of ${availability} allows.`,
    notReady: "Version {{ $labels.version }} of {{ $labels.model }} does not answer.",
    slow: (seconds: string) => `One of 100 predictions takes more than ${seconds} s.`,
    refused: "Requests for {{ $labels.model }} are turned away; the server is too small or too busy.",
    found:
      "Monitoring of {{ $labels.model }} found {{ $labels.alert }}: `quern monitor {{ $labels.model }} --report report.html` shows it.",
    rowsAnswered: "Rows answered",
    requestsByStatus: "Requests by status",
    timeToAnswer: "Time to answer",
    median: "median",
    slowest: "99 of 100",
    faultShare: "Share of faults, one hour",
    faults: "faults",
    rowsBusy: "Rows waiting or being computed",
    rowsRefused: "Rows turned away",
    shadowsDiffer: "Shadow rows that say something else",
    versionsReady: "Versions that answer",
    rowsLogged: "Rows of predictions logged",
    jobs: "Jobs",
    openAlerts: "Open alerts of the monitoring",
  },
  {
    burning: (rate, availability) => `请求出错率是可用性目标 ${availability} 所容许的 ${rate} 倍。`,
    notReady: "{{ $labels.model }} 的版本 {{ $labels.version }} 无法应答。",
    slow: (seconds) => `每 100 次预测中有 1 次耗时超过 ${seconds} 秒。`,
    refused: "对 {{ $labels.model }} 的请求被拒绝：服务规模太小或过于繁忙。",
    found:
      "对 {{ $labels.model }} 的监控发现 {{ $labels.alert }}：详情见 `quern monitor {{ $labels.model }} --language zh --report report.html`。",
    rowsAnswered: "已应答行数",
    requestsByStatus: "按状态统计的请求",
    timeToAnswer: "应答耗时",
    median: "中位数",
    slowest: "第 99 百分位",
    faultShare: "出错比例（1 小时）",
    faults: "出错",
    rowsBusy: "等待或计算中的行数",
    rowsRefused: "被拒绝的行数",
    shadowsDiffer: "影子版本结果不同的行数",
    versionsReady: "可应答的版本",
    rowsLogged: "已记录的预测行数",
    jobs: "批量任务",
    openAlerts: "未解除的监控告警",
  },
);
