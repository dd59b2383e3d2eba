import type { Language } from "../../engines/pages/texts.js";
import type { Route } from "./route.js";

const HEALTH = { live: "进程是否应答。", ready: "全部模型是否可应答且未开始关闭；否则为 503。" };
const tensorRoutes = (prefix: string, which: string): Readonly<Record<string, string>> => ({
  [`GET ${prefix}`]: `Open Inference Protocol：${which}的张量。`,
  [`GET ${prefix}/ready`]: `Open Inference Protocol：${which}是否可应答。`,
  [`POST ${prefix}/infer`]: `Open Inference Protocol：运行${which}的计算图。`,
});

/** What the routes do, in Chinese; the English words stand at the routes themselves. */
const CHINESE: Readonly<Record<string, string>> = {
  "POST /predict/:model": "预测：每行一个结果。模型写作 `名称` 或 `名称@版本`。",
  "POST /predict/:model/stream": "连续预测：每行 JSON 依次得到一行结果，可边写边读。",
  "POST /v1/embeddings": "文本或图片的向量，格式与 OpenAI 的接口相同。",
  "POST /similar/:model": "按向量余弦找出目录中与所给行最接近的行。",
  "GET /v2": "Open Inference Protocol：服务本身。",
  ...tensorRoutes("/v2/models/:model", "当前版本"),
  ...tensorRoutes("/v2/models/:model/versions/:version", "指定版本"),
  "GET /api/models": "本服务提供的模型。",
  "GET /api/models/:model": "其中一个模型：`名称` 或 `名称@版本`。",
  "GET /api/registry": "已登记的模型，最新的在前。",
  "GET /api/runs": "各次运行，最新的在前。",
  "GET /api/runs/:run": "一次运行及其配置、结果和试验。",
  "GET /api/datasets": "数据集版本，最新的在前。",
  "GET /api/registry/:name/history": "该名称各别名的全部变更及依据，最早的在前。",
  "POST /api/registry/:name/promote": "让别名指向通过门禁的版本；否则为 409，并列出全部门禁。",
  "POST /api/registry/:name/rollback": "让别名回到上次提升之前的版本。",
  "GET /api/registry/:name/deployments": "该名称的流量分配历史，最早的在前；以最后一条为准。",
  "POST /api/registry/:name/deploy": "按权重把该名称的流量分给各版本，可带影子或金丝雀；null 表示结束。",
  "POST /api/registry/:name/approve": "为别名下的某个版本添加一次批准；每位批准人只计一次。",
  "POST /feedback/:model": "补充已知的真实标签：应答即已持久保存；重复提交只计一次。",
  "GET /api/labels/:model": "等待标注的预测及其数量，最新的在后。",
  "POST /api/labels/:model":
    "提交预测的真实结果：要么全部接受，要么全部拒绝；应答即已持久保存，重复提交只计一次。",
  "POST /api/labels/:model/skip": "把无法标注的预测移出队列；重复跳过不起作用。",
  "GET /api/experiments": "正在进行的实验和多臂老虎机，按所占流量的名称列出。",
  "GET /api/experiments/:name": "目前的结论；其区间无论何时查看都有效。",
  "POST /api/experiments/:name": "比较候选版本与当前冠军版本，或让流量随成效调整（`bandit`）。",
  "POST /api/experiments/:name/conclude":
    "结论明确时执行：启用或放弃候选版本；为多臂老虎机重新分配流量。否则不做任何事。",
  "POST /api/experiments/:name/stop":
    "结束正在进行的实验：恢复由冠军版本单独应答；没有进行中的则不做任何事。",
  "POST /v1/jobs": "在后台预测整个文件：作为请求体上传（查询参数带 `model`），或给出文件名。",
  "GET /v1/jobs": "批量任务，最新的在前，以及等待、运行和允许的数量。",
  "GET /v1/jobs/:job": "任务的进度和结果。",
  "GET /v1/jobs/:job/result": "已完成任务的预测结果，可取全部或某段字节。",
  "DELETE /v1/jobs/:job": "停止等待或运行中的任务；已结束的任务连同结果一并删除。",
  "GET /health/live": HEALTH.live,
  "GET /health/ready": HEALTH.ready,
  "GET /v2/health/live": HEALTH.live,
  "GET /v2/health/ready": HEALTH.ready,
  "GET /": "本服务的说明及其提供的模型；浏览器得到网页。",
  "GET /openapi.json": "本接口的 OpenAPI 3.1 描述。",
  "GET /docs": "本接口的说明页，中文或英文。",
  "GET /metrics": "供 Prometheus 采集的指标。",
};

export function routeSummary(
  { method, path, summary }: Pick<Route, "method" | "path" | "summary">,
  language: Language,
): string {
  return language === "zh" ? (CHINESE[`${method} ${path}`] ?? summary) : summary;
}
