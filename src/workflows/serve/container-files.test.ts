import { expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { dockerFiles, kubernetesFiles } from "./container-files.js";

const manifest = { name: "Churn 客户 v2", version: 3 } as Manifest;

it("writes Kubernetes resources that agree with one another and ask for no privileges", () => {
  const documents = parseAllDocuments(kubernetesFiles(manifest).get("kubernetes.yaml")!).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
  expect(documents.map(({ kind }) => kind)).toEqual([
    ...["Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"],
  ]);
  const [deployment, service, scaler, budget, policy] = documents;
  const name = "model-churn-v2";
  for (const { metadata } of documents) expect(metadata.name).toBe(name);
  const { template, selector } = deployment.spec;
  for (const labels of [
    ...[selector.matchLabels, service.spec.selector, budget.spec.selector.matchLabels],
    policy.spec.podSelector.matchLabels,
  ]) {
    expect(template.metadata.labels).toMatchObject(labels);
  }
  const [server] = template.spec.containers;
  expect(template.spec.securityContext).toMatchObject({ runAsNonRoot: true });
  expect(server.securityContext).toEqual({
    ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
  });
  expect(server.readinessProbe.httpGet.path).toBe("/health/ready");
  expect(scaler.spec.metrics[0].pods.metric.name).toBe("quern_busy_rows");
  expect(policy.spec.egress).toEqual([]);
});

it("writes an image that runs as no root and holds no secret", () => {
  const dockerfile = dockerFiles(manifest).get("Dockerfile")!;
  expect(dockerfile).toMatch(/^USER 10001:10001$/m);
  expect(dockerfile).not.toMatch(/^ENV QUERN_TOKEN|ARG .*TOKEN/m);
});
