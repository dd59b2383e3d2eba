// Sends requests at a rate and judges every answer: keep-alive connections, one request under way on each.
import { connect } from "node:net";

/**
 * @param wishes `requests`: `{bytes, judge(answer)}`, where `judge` gives what is wrong or nothing; `rate`: requests a second,
 * infinity for as many as the connections can. Returns the counts so far and a way to stop, which waits for what is under way.
 */
export function sendLoad({ address, requests, connections, rate }) {
  const { hostname, port } = new URL(address);
  const counts = { sent: 0, answered: 0, refused: 0, lost: 0, wrong: 0, examples: [] };
  const begun = performance.now();
  let stopping = false;
  const complain = (what, text) => {
    counts[what] += 1;
    if (counts.examples.length < 5) counts.examples.push(`${what}: ${text.slice(0, 300)}`);
  };
  const isDue = () => counts.sent < ((performance.now() - begun) / 1000) * rate;
  const idle = [];

  const open = () =>
    new Promise((resolve) => {
      const socket = connect({ host: hostname, port: Number(port), noDelay: true });
      let chunks = [];
      let current;
      const send = () => {
        if (stopping) return socket.end();
        if (!isDue()) return idle.push(send);
        current = requests[counts.sent++ % requests.length];
        socket.write(current.bytes);
      };
      socket.on("connect", send);
      socket.on("error", (cause) => complain("lost", cause.message));
      socket.on("close", () => {
        if (current) complain("lost", "the connection was closed before the answer");
        resolve();
      });
      socket.on("data", (chunk) => {
        chunks.push(chunk);
        const all = chunks.length === 1 ? chunk : Buffer.concat(chunks);
        const headEnd = all.indexOf("\r\n\r\n");
        if (headEnd < 0) return;
        const head = all.latin1Slice(0, headEnd);
        const length = Number(/content-length: *(\d+)/i.exec(head)?.[1]);
        if (all.length < headEnd + 4 + length) return;
        chunks = [];
        const text = all.toString("utf8", headEnd + 4, headEnd + 4 + length);
        const { judge } = current;
        current = undefined;
        if (head.startsWith("HTTP/1.1 200")) {
          counts.answered += 1;
          const mistake = judge(JSON.parse(text));
          if (mistake) complain("wrong", mistake);
        } else complain(head.startsWith("HTTP/1.1 503") ? "refused" : "lost", head + text);
        send();
      });
    });

  const ended = Promise.all(Array.from({ length: connections }, open));
  const clock = setInterval(() => {
    for (let k = idle.length; k > 0 && isDue(); k--) idle.shift()();
  }, 2);
  return {
    counts,
    async stop() {
      stopping = true;
      clearInterval(clock);
      for (const send of idle.splice(0)) send();
      await ended;
      return counts;
    },
  };
}
