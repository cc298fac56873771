// The yardstick of streams: a broadcaster written by hand on node:http, which sends every client what it is poked with and knows nobody.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';

const clients = new Set();
let number = 0;

/** The same bytes as the server beside it sends for a created record. */
function event({ title, body, n }) {
  number += 1;
  const [id, recordId, at] = [`${1000 + number}-${100_000 + number}`, randomUUID(), new Date().toISOString()];
  const stamp = `${at.slice(0, -1)}123Z`;
  const record = `{"id":"${recordId}","title":${JSON.stringify(title)},"body":${JSON.stringify(body)},"n":${n},"lane":"red","account_id":"AB1234","created_at":"${stamp}","updated_at":"${stamp}","created_by":"${recordId}","updated_by":"${recordId}"}`;
  return `id: ${id}\nevent: bench_stream.created\ndata: {"id":"${id}","type":"created","collection":"bench_stream","record_id":"${recordId}","timestamp":"${stamp}","old":null,"new":${record},"changes":{"added":["title","body","n","lane"],"updated":[],"removed":[]}}\n\n`;
}

createServer((request, response) => {
  if (request.method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    response.write(': connected\n\n');
    clients.add(response);
    response.on('close', () => clients.delete(response));
    return;
  }
  let text = '';
  request.setEncoding('utf8').on('data', (chunk) => {
    text += chunk;
  });
  request.on('end', () => {
    const body = JSON.parse(text);
    const events = (body.records ?? [body]).map(event);
    // One write an event, as it is usually done; joined, it is little more than copying memory.
    const writes = request.url.includes('joined') ? [events.join('')] : events;
    for (const bytes of writes.map((one) => Buffer.from(one))) for (const client of clients) client.write(bytes);
    response.writeHead(201, { 'Content-Type': 'application/json', 'Content-Length': 2 });
    response.end('{}');
  });
}).listen(Number(process.env.PORT), '127.0.0.1', () => console.log('ready'));
