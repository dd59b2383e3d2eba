/** What runs a served model in containers: an image, and what Kubernetes needs to keep it running. Texts alone. */
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";

const PORT = 8080;
/** Of the image's own user; no other process of a node has it by chance. */
const USER = 10001;

/** File names with their texts, to be written beside the folder `bundle/`. */
export function dockerFiles({ name }: Manifest): ReadonlyMap<string, string> {
  const dockerfile = `# Serves ${name}. Build: docker build -t ${name} .   Run: docker run -e QUERN_TOKEN=... -p ${PORT}:${PORT} ${name}
FROM node:22-slim AS install
WORKDIR /app
RUN npm install --omit=dev --ignore-scripts quern@${QUERN_VERSION}

FROM node:22-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=install /app /app
COPY bundle /app/bundle
USER ${USER}:${USER}
EXPOSE ${PORT}
HEALTHCHECK --interval=10s --timeout=2s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:${PORT}/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# There is no default secret: QUERN_TOKEN must be given, at least 16 characters.
CMD ["node", "node_modules/quern/dist/entries/cli/main.js", "serve", "./bundle", "--host", "0.0.0.0", "--port", "${PORT}"]
`;
  return new Map([
    ["Dockerfile", dockerfile],
    [".dockerignore", "*\n!bundle\n"],
  ]);
}

/**
 * A deployment without privileges, a service, a scaler on waiting rows (through an adapter that serves the metric
 * quern_busy_rows), a disruption budget and a network policy: calls come in on one port, nothing goes out.
 */
export function kubernetesFiles(manifest: Manifest): ReadonlyMap<string, string> {
  const app = resourceName(manifest.name);
  const documents = [deployment(app, manifest), service(app), scaler(app), budget(app), networkPolicy(app)];
  return new Map([["kubernetes.yaml", documents.join("---\n")]]);
}

/** RFC 1123: lower-case letters, digits and hyphens, at most 63. */
function resourceName(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 50);
  return plain === "" ? "model" : `model-${plain}`;
}

const deployment = (
  app: string,
  { version }: Manifest,
): string => `# The token comes from a secret that you make:
#   kubectl create secret generic ${app} --from-literal=token=$(openssl rand -hex 16)
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${app}
  labels: { app: ${app} }
spec:
  replicas: 2
  selector:
    matchLabels: { app: ${app} }
  strategy:
    rollingUpdate: { maxUnavailable: 0, maxSurge: 1 }
  template:
    metadata:
      labels: { app: ${app}, version: "${version}" }
      annotations:
        # /metrics asks for the token: let Prometheus send it as a bearer token, or the scaler sees the processor alone.
        prometheus.io/scrape: "true"
        prometheus.io/port: "${PORT}"
        prometheus.io/path: /metrics
    spec:
      automountServiceAccountToken: false
      # Longer than the server takes to answer what it has accepted.
      terminationGracePeriodSeconds: 60
      securityContext:
        runAsNonRoot: true
        runAsUser: ${USER}
        runAsGroup: ${USER}
        seccompProfile: { type: RuntimeDefault }
      containers:
        - name: server
          image: ${app}:${version}
          ports:
            - { name: http, containerPort: ${PORT} }
          env:
            - name: QUERN_TOKEN
              valueFrom:
                secretKeyRef: { name: ${app}, key: token }
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          resources:
            requests: { cpu: 500m, memory: 256Mi }
            limits: { memory: 1Gi }
          startupProbe:
            httpGet: { path: /health/ready, port: http }
            periodSeconds: 1
            failureThreshold: 60
          readinessProbe:
            httpGet: { path: /health/ready, port: http }
            periodSeconds: 2
          livenessProbe:
            httpGet: { path: /health/live, port: http }
            periodSeconds: 10
          volumeMounts:
            - { name: temporary, mountPath: /tmp }
      volumes:
        - name: temporary
          emptyDir: { sizeLimit: 256Mi }
`;

const service = (app: string): string => `apiVersion: v1
kind: Service
metadata:
  name: ${app}
spec:
  selector: { app: ${app} }
  ports:
    - { name: http, port: 80, targetPort: http }
`;

const scaler = (app: string): string => `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: ${app}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: ${app} }
  minReplicas: 2
  maxReplicas: 10
  metrics:
    # Rows that wait or are computed, of each pod; the server refuses beyond 4096.
    - type: Pods
      pods:
        metric: { name: quern_busy_rows }
        target: { type: AverageValue, averageValue: "256" }
    - type: Resource
      resource:
        name: cpu
        target: { type: Utilization, averageUtilization: 80 }
`;

const budget = (app: string): string => `apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: ${app}
spec:
  minAvailable: 1
  selector:
    matchLabels: { app: ${app} }
`;

const networkPolicy = (app: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${app}
spec:
  podSelector:
    matchLabels: { app: ${app} }
  policyTypes: [Ingress, Egress]
  ingress:
    - ports:
        - { protocol: TCP, port: ${PORT} }
  # A served bundle calls nobody.
  egress: []
`;
