// The load: a fixed number of keep-alive connections, each sending its next request when the last reply is complete; bounded in time.
import { connect } from 'node:net';

/**
 * Sends the requests (complete HTTP texts, used in turn) for `seconds` over `connections` sockets.
 * Answers replies per second and the number of replies that were not 2xx.
 */
export function load({ port, requests, connections = 32, seconds }) {
  return new Promise((resolve, reject) => {
    let next = 0;
    let replies = 0;
    let failures = 0;
    const started = performance.now();
    const until = started + seconds * 1000;
    let open = connections;
    const done = () => {
      open -= 1;
      if (open === 0) resolve({ perSecond: replies / ((performance.now() - started) / 1000), failures });
    };
    for (let i = 0; i < connections; i++) {
      const socket = connect(port, '127.0.0.1');
      socket.setNoDelay(true);
      let buffered = '';
      const send = () => socket.write(requests[next++ % requests.length]);
      socket.on('connect', send);
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        buffered = buffered === '' ? chunk.latin1Slice() : buffered + chunk.latin1Slice();
        const head = buffered.indexOf('\r\n\r\n');
        if (head < 0) return;
        const length = Number(/content-length: (\d+)/i.exec(buffered.slice(0, head))?.[1] ?? 0);
        if (buffered.length < head + 4 + length) return;
        if (buffered[9] !== '2') failures += 1;
        replies += 1;
        buffered = '';
        if (performance.now() < until) send();
        else socket.end(done);
      });
    }
  });
}

if (process.send) {
  process.on('message', (job) => load(job).then((result) => process.send(result)));
}
