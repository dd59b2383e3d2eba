import { expect, test } from "vitest";
import { startMailServer } from "../../../../test/fixtures/smtp-server.js";
import type { Logger } from "../../../foundation/base/logger.js";
import type { AlertRecord } from "../../../foundation/contracts/monitoring-store.js";
import { emailContent, emailNotifier } from "./email-notifier.js";
import { notifyAll } from "./notifiers.js";

const alert = (key: string, severity: AlertRecord["severity"], message: string): AlertRecord => ({
  ...{ model: "流失", key, severity, message, evidence: {} },
  ...{ firstAt: 0, lastAt: 2, times: 2, notifiedAt: 2, resolvedAt: null },
});
const alerts = [
  alert("drift/input", "ticket", "Inputs have changed: age."),
  alert("performance/auc", "page", "auc is 0.6.\r\nBcc: everybody@example.org"),
];
const PASSWORD = "s3cret/pass";
const urlOf = (port: number) => `smtp://quern:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}`;
const people = { from: "quern@example.org", to: ["ada@example.org", "bo@example.org"] };

test("one mail tells everybody of all alerts, the worst first, and messages write no headers", async () => {
  const server = await startMailServer();
  try {
    await emailNotifier({ smtpUrl: urlOf(server.port), ...people, language: "en" }).notify(alerts);
    expect(server.logins).toEqual([`quern:${PASSWORD}`]);
    const [mail, ...others] = server.mails;
    expect(others).toEqual([]);
    expect(mail).toMatchObject(people);
    const head = mail!.data.slice(0, mail!.data.indexOf("\r\n\r\n"));
    expect(head).toContain("Auto-Submitted: auto-generated");
    expect(head).not.toMatch(/^Bcc/im);
    expect(emailContent(alerts, "en").text.indexOf("[page]")).toBe(0);
    expect(emailContent(alerts, "en").subject).toBe("[page] 流失: 2 alerts");
    const chinese = emailContent(alerts, "zh");
    expect(chinese.subject).toBe("[紧急] 流失：2 项告警");
    expect(chinese.text).toContain("[待处理] 流失：");
    expect(chinese.text).toContain("已发现 2 次");
  } finally {
    await server.close();
  }
});

test("the password is in no log, whatever the server says", async () => {
  const server = await startMailServer({ refuse: true });
  const logged: string[] = [];
  const logger: Logger = { log: (...words) => void logged.push(JSON.stringify(words)) };
  try {
    await notifyAll(
      [emailNotifier({ smtpUrl: urlOf(server.port), ...people, language: "en" })],
      alerts,
      logger,
    );
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain("Alerts could not be told.");
    expect(logged[0]).not.toContain("s3cret");
  } finally {
    await server.close();
  }
});

test.each([
  "not an address",
  "http://mail.example.org",
  "s3cret://x",
  "smtps://quern:100%safe@mail.example.org",
])("%s is refused without being repeated", (smtpUrl) => {
  const make = () => emailNotifier({ smtpUrl, ...people, language: "en" });
  expect(make).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  expect(make).not.toThrow(smtpUrl);
});
