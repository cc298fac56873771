// The load on streams: one process that holds the readers' connections, counts what they get, and writes; it reads bytes, not events.
import { connect } from 'node:net';

const MARK = 126; // ~
const now = () => Number(process.hrtime.bigint()) / 1e6;

let readers = [];
/** Called for every number between two marks; null: only whole marks are counted. */
let onNumber = null;

/** Opens a stream for each request (complete HTTP texts); resolves once all have begun, with the id that one of them began at. */
function open({ port, requests }) {
  let next = 0;
  return new Promise((resolve, reject) => {
    const more = () => {
      if (next === requests.length) return;
      const text = requests[next++];
      const socket = connect(port, '127.0.0.1');
      const reader = { socket, bytes: 0, marks: 0, partial: null };
      let head = '';
      socket.on('connect', () => socket.write(text));
      socket.on('error', reject);
      socket.on('close', () => {
        reader.closed = true;
      });
      const begin = (chunk) => {
        head += chunk.latin1Slice();
        const at = head.indexOf('\r\n\r\n');
        if (at < 0 || head.indexOf('\n\n', at + 4) < 0) return;
        if (!head.startsWith('HTTP/1.1 200')) return reject(new Error(head));
        socket.off('data', begin);
        socket.on('data', (data) => take(reader, data));
        readers.push(reader);
        if (readers.length === requests.length) resolve({ id: /\nid: (\S+)/.exec(head)?.[1] });
        else more();
      };
      socket.on('data', begin);
    };
    for (let i = 0; i < 64; i++) more();
  });
}

function take(reader, chunk) {
  reader.bytes += chunk.length;
  let at = -1;
  if (onNumber === null) {
    if (chunk.indexOf(MARK) >= 0) reader.marks += 1;
    return;
  }
  if (reader.partial !== null) {
    at = chunk.indexOf(MARK);
    if (at < 0) {
      reader.partial += chunk.latin1Slice();
      return;
    }
    onNumber(Number(reader.partial + chunk.latin1Slice(0, at)));
    reader.partial = null;
  }
  for (at = chunk.indexOf(MARK, at + 1); at >= 0; at = chunk.indexOf(MARK, at + 1)) {
    const end = chunk.indexOf(MARK, at + 1);
    if (end < 0) {
      reader.partial = chunk.latin1Slice(at + 1);
      return;
    }
    onNumber(Number(chunk.latin1Slice(at + 1, end)));
    at = end;
  }
}

function close() {
  for (const { socket } of readers) socket.destroy();
  readers = [];
  return {};
}

/** Keep-alive connections for writes; `send` resolves when the answer is complete. */
function writers(port, count) {
  const idle = [];
  const waiting = [];
  const sockets = [];
  const free = (writer) => {
    const next = waiting.shift();
    if (next) next(writer);
    else idle.push(writer);
  };
  for (let i = 0; i < count; i++) {
    const writer = { socket: connect(port, '127.0.0.1').setNoDelay(true), done: null, text: '' };
    writer.socket.on('error', (error) => writer.done?.reject(error));
    writer.socket.on('data', (chunk) => {
      writer.text += chunk.latin1Slice();
      const head = writer.text.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(writer.text.slice(0, head))?.[1] ?? 0);
      if (writer.text.length < head + 4 + length) return;
      const { done, text } = writer;
      writer.text = '';
      writer.done = null;
      free(writer);
      if (text[9] === '2') done.resolve();
      else done.reject(new Error(text.slice(0, 1000)));
    });
    sockets.push(writer.socket);
    idle.push(writer);
  }
  return {
    async send(text) {
      const writer = idle.pop() ?? (await new Promise((resolve) => waiting.push(resolve)));
      return new Promise((resolve, reject) => {
        writer.done = { resolve, reject };
        writer.socket.write(text);
      });
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

const request = ({ path, token }, body) => {
  const text = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
};
const BODY = 'A body of some length, as posts have, so that an event is about as long as they are.';

async function until(done, ms) {
  for (const end = now() + ms; !done(); await new Promise((resolve) => setTimeout(resolve, 5)))
    if (now() > end)
      throw new Error(`Not everything came: ${readers.filter(({ closed }) => closed).length} were cut off`);
}
const share = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];

/** Writes at a steady rate; answers the delays, in ms, from the request's start and from its answer. */
async function paced({ port, one, perSecond, seconds }) {
  const count = perSecond * seconds;
  const [sent, answered, got] = [
    new Float64Array(count),
    new Float64Array(count),
    new Float64Array(count * readers.length),
  ];
  const which = new Uint32Array(got.length);
  let n = 0;
  onNumber = (number) => {
    got[n] = now();
    which[n++] = number;
  };
  const line = writers(port, 32);
  const began = now();
  const writes = [];
  for (let i = 0; i < count; i++) {
    const wait = began + (i * 1000) / perSecond - now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    sent[i] = now();
    const write = line.send(request(one, { title: `~${i}~`, body: BODY, n: i }));
    writes.push(
      write.then(() => {
        answered[i] = now();
      }),
    );
  }
  await Promise.all(writes);
  await until(() => n === got.length, 20_000);
  const took = got.reduce((a, b) => Math.max(a, b)) - began;
  line.close();
  onNumber = null;
  const delays = (since) => {
    const sorted = got.map((at, i) => at - since[which[i]]).sort();
    return { p50: share(sorted, 0.5), p99: share(sorted, 0.99) };
  };
  return { delivered: n, perSecond: (n * 1000) / took, request: delays(sent), answer: delays(answered) };
}

/** Writes as fast as it may: never more than `ahead` events before what the readers have got. Answers events delivered a second. */
async function fast({ port, one, many, batch, lines, ahead, seconds }) {
  const line = writers(port, lines);
  const total = () => readers.reduce((sum, { bytes }) => sum + bytes, 0);
  const write = (from, mark = '') => {
    const records = Array.from({ length: batch }, (_, i) => ({ title: `title ${from + i}`, body: BODY, n: from + i }));
    records[batch - 1].title += mark;
    return line.send(batch === 1 ? request(one, records[0]) : request(many, { records }));
  };
  const before = total();
  await write(1_000_000);
  await until(() => total() > before + batch * readers.length * 300, 5000);
  await new Promise((resolve) => setTimeout(resolve, 200));
  // Of one event on one connection; so it is enough to count bytes while it runs.
  const size = (total() - before) / readers.length / batch;
  for (const reader of readers) [reader.bytes, reader.marks] = [0, 0];
  let [written, bytes] = [0, 0];
  const began = now();
  let looked = 0;
  const behind = () => {
    if (now() - looked > 2) {
      bytes = total();
      looked = now();
    }
    return written - bytes / readers.length / size > ahead;
  };
  await Promise.all(
    Array.from({ length: lines }, async () => {
      while (now() < began + seconds * 1000) {
        if (behind()) {
          await new Promise((resolve) => setTimeout(resolve, 1));
          continue;
        }
        written += batch;
        await write(1_000_000 + written);
      }
    }),
  );
  written += batch;
  await write(1_000_000, '~');
  await until(() => readers.every(({ marks }) => marks > 0), 20_000);
  const took = now() - began;
  line.close();
  const counts = readers.map(({ bytes: own }) => own / size);
  if (Math.min(...counts) < written * 0.99) throw new Error(`${Math.min(...counts)} of ${written} events came`);
  return { written, size, perSecond: (written * readers.length * 1000) / took };
}

/** The log is full of what nobody was told of yet: writes the last of it; answers the seconds until every reader has that. */
async function flood({ port, one }) {
  for (const reader of readers) reader.marks = 0;
  const line = writers(port, 1);
  const began = now();
  await line.send(request(one, { title: 'the end ~', body: BODY, n: 0 }));
  await until(() => readers.every(({ marks }) => marks > 0), 60_000);
  line.close();
  return { seconds: (now() - began) / 1000 };
}

const JOBS = { open, close, paced, fast, flood };
process.on('message', ({ job, ...options }) => {
  Promise.resolve()
    .then(() => JOBS[job](options))
    .then(
      (result) => process.send({ result }),
      (error) => process.send({ error: String(error) }),
    );
});
