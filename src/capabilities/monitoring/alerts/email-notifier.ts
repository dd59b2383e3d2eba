import type { Language } from "../../../engines/pages/texts.js";
import { QuernError } from "../../../foundation/base/errors.js";
import type { AlertRecord } from "../../../foundation/contracts/monitoring-store.js";
import type { Notifier } from "./notifiers.js";
import { alertTexts } from "./texts.js";

export interface EmailOptions {
  /** `smtps://user:password@mail.example.org` or `smtp://…`; secret: it appears in no message and no log. */
  readonly smtpUrl: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly language: Language;
}

/** A server that does not answer must not hold the others up. */
const TIMEOUT_MS = 10_000;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/**
 * Tells people by e-mail, one message for all alerts. A password goes to another machine through TLS only.
 * @throws QuernError CONFIG_INVALID when the address of the server is none
 */
export function emailNotifier({ smtpUrl, from, to, language }: EmailOptions): Notifier {
  const server = parseServer(smtpUrl);
  return {
    name: "email",
    async notify(alerts) {
      // Loaded when there is something to tell.
      const { createTransport } = await import("nodemailer");
      const transport = createTransport({
        ...server,
        ...{ connectionTimeout: TIMEOUT_MS, greetingTimeout: TIMEOUT_MS, socketTimeout: TIMEOUT_MS },
        ...{ disableFileAccess: true, disableUrlAccess: true },
      });
      try {
        await transport.sendMail({
          ...{ from, to: [...to], ...emailContent(alerts, language) },
          // Holiday notices and the like are not sent back.
          headers: { "Auto-Submitted": "auto-generated" },
        });
      } catch (cause) {
        throw new Error(withoutSecrets(cause, server.auth?.pass));
      } finally {
        transport.close();
      }
    },
  };
}

/** The worst first, each with how long it has been the case. */
export function emailContent(
  alerts: readonly AlertRecord[],
  language: Language,
): { subject: string; text: string } {
  const texts = alertTexts(language);
  const ORDER = { page: 0, ticket: 1, info: 2 } as const;
  const sorted = alerts.toSorted((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  const models = [...new Set(alerts.map(({ model }) => model))].join(", ");
  const paragraphs = sorted.map(
    ({ severity, model, message, key, firstAt, times }) =>
      `${texts.line(texts[severity], model, message)}\n${texts.history(key, new Date(firstAt).toISOString(), times)}`,
  );
  return {
    subject: texts.subject(texts[sorted[0]?.severity ?? "info"], models, alerts.length),
    text: `${paragraphs.join("\n\n")}\n\n${texts.more(alerts[0]?.model ?? "")}\n`,
  };
}

function parseServer(smtpUrl: string) {
  let url: URL;
  let user: string;
  let pass: string;
  try {
    url = new URL(smtpUrl);
    // Refused too: a percent sign that encodes nothing.
    [user, pass] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
  } catch {
    throw unusable();
  }
  const secure = url.protocol === "smtps:";
  if ((!secure && url.protocol !== "smtp:") || url.hostname === "") throw unusable();
  const local = LOOPBACK.test(url.hostname);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ""),
    port: url.port === "" ? (secure ? 465 : 587) : Number(url.port),
    secure,
    ...(user === "" ? {} : { auth: { user, pass } }),
    ...(user !== "" && !secure && !local ? { requireTLS: true } : {}),
  };
}

/** Says nothing of what it was. */
function unusable(): QuernError {
  return new QuernError("CONFIG_INVALID", "The address of the mail server is none.", {
    hint: "Set QUERN_SMTP_URL to smtps://user:password@mail.example.org, or smtp://host:port; in a password write % as %25, / as %2F and @ as %40.",
  });
}

function withoutSecrets(cause: unknown, password: string | undefined): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return password ? message.replaceAll(password, "…") : message;
}
