// The embedded PostgreSQL in its own thread: protocol bytes in, protocol bytes out. Plain JavaScript, because Node 20 cannot start a worker from TypeScript.
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';
import { NodeFS } from '@electric-sql/pglite/nodefs';

/** @typedef {{ dataDir: string, initialize?: boolean, durable?: boolean }} Task */
/** @typedef {{ nfd?: number, path: string, node: object }} Stream */

const { dataDir, initialize = false, durable = true } = /** @type {Task} */ (workerData);
const port = /** @type {import('node:worker_threads').MessagePort} */ (parentPort);

/** @param {string} reason */
function die(reason) {
  port.postMessage(reason);
  process.exit(1);
}

// Durability. The engine asks for an fsync of its log at every commit; here one real fsync serves all commits of a batch,
// and the batch is answered after it. The rule that the log reaches the disk before what it describes still holds: any other
// write, truncation, removal or fsync first makes good what was put off.
/** @type {Set<Stream>} */
const unsynced = new Set();

// A failed fsync may have lost data for good: as PostgreSQL does, stop and replay the log.
function syncLog() {
  try {
    for (const { nfd } of unsynced) fsyncSync(/** @type {number} */ (nfd));
    unsynced.clear();
  } catch (error) {
    die(`the log cannot be written to disk: ${error}`);
  }
}

/** @param {any} nodefs emscripten's file system of real files, which knows no fsync */
function makeDurable(nodefs) {
  const { stream_ops: ops, node_ops: nodes } = nodefs;
  const isLog = (/** @type {Stream} */ { path }) => path.includes('/pg_wal/');
  const { write, close } = ops;
  ops.fsync = (/** @type {Stream} */ stream) => {
    if (isLog(stream) && stream.nfd !== undefined) {
      unsynced.add(stream);
      return 0;
    }
    syncLog();
    const file = stream.nfd ?? openSync(nodefs.realPath(stream.node), 'r');
    fsyncSync(file);
    if (stream.nfd === undefined) closeSync(file);
    return 0;
  };
  ops.write = (/** @type {Stream} */ stream, /** @type {any[]} */ ...rest) => {
    if (unsynced.size > 0 && !isLog(stream)) syncLog();
    return write(stream, ...rest);
  };
  ops.close = (/** @type {Stream} */ stream) => {
    if (unsynced.has(stream)) syncLog();
    return close(stream);
  };
  for (const [table, name] of [
    [ops, 'setattr'],
    [nodes, 'setattr'],
    [nodes, 'unlink'],
    [nodes, 'rename'],
  ]) {
    const original = table[name];
    table[name] = (/** @type {any[]} */ ...rest) => {
      if (unsynced.size > 0) syncLog();
      return original(...rest);
    };
  }
}

class DurableFS extends NodeFS {
  /** @type {NodeFS['init']} */
  async init(pg, options) {
    const { emscriptenOpts } = await super.init(pg, options);
    const preRun = [...(emscriptenOpts.preRun ?? []), (/** @type {any} */ module) => makeDurable(module.NODEFS)];
    return { emscriptenOpts: { ...emscriptenOpts, preRun } };
  }
}

// 16 MB of shared buffers instead of 128: the operating system caches the files anyway, and an idle server stays small.
const settings = ['shared_buffers=16MB', 'wal_sync_method=fsync'].flatMap((setting) => ['-c', setting]);
// PGlite passes -F (never fsync).
const startParams = [...PGlite.defaultStartParams.filter((param) => param !== '-F' || !durable), ...settings];
/** @type {string[]} The engine's last words, for the error when it does not start. */
const words = [];
const db = await PGlite.create({
  fs: durable ? new DurableFS(dataDir) : new NodeFS(dataDir),
  startParams,
  onStderr: (text) => {
    if (words.push(text) > 3) words.shift();
    return false;
  },
}).catch((error) => {
  die([error?.message ?? 'the engine did not start', ...words].join('; '));
  throw error;
});
syncLog();

if (initialize) {
  // One session can only ever use one database. The two templates would cost 14 MB and, as nobody can vacuum them, end the
  // cluster's life after two thousand million transactions.
  await db.exec("update pg_database set datistemplate = false where datname like 'template%'");
  await db.exec('drop database template0');
  await db.exec('drop database template1');
  await db.close();
  process.exit(0);
}

const engine = /** @type {any} */ (db).Module;

// PGlite swallows a WebAssembly trap (stack or memory exhausted) and goes on with a broken engine that answers nothing or,
// worse, answers the next caller with what was meant for the last. So a trap ends the thread, as a crash ends a backend;
// the log replays on the next start. Status 100 is the engine's own way of reporting an SQL error.
const loopOnce = engine._PostgresMainLoopOnce;
engine._PostgresMainLoopOnce = () => {
  try {
    return loopOnce();
  } catch (error) {
    if (/** @type {any} */ (error)?.status !== 100) die(`the engine trapped: ${error}`);
    throw error;
  }
};

const startup = 0;
const codes = { sync: 0x53, query: 0x51, terminate: 0x58, ready: 0x5a };

/**
 * How many messages of the given types a run of complete protocol messages holds.
 * @param {Uint8Array} bytes
 * @param {number[]} types
 */
function count(bytes, ...types) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let found = 0;
  for (let at = 0; at < bytes.length; at += 1 + view.getUint32(at + 1)) {
    if (types.includes(bytes[at])) found += 1;
  }
  return found;
}

/**
 * Runs complete protocol messages and answers what the engine said. All the work is done before the promise is returned.
 * @param {Uint8Array} request
 */
async function answer(request) {
  /** @type {Uint8Array[]} */
  const parts = [];
  let size = 0;
  // Unlike `execProtocolRaw`, the streaming form neither parses nor keeps what passes through.
  await db.execProtocolRawStream(request, {
    syncToFs: false,
    onRawData: (bytes) => {
      parts.push(bytes.slice());
      size += bytes.length;
    },
  });
  const reply = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    reply.set(part, at);
    at += part.length;
  }
  return reply;
}

port.on('message', async (/** @type {Uint8Array | 'close'} */ request) => {
  if (request === 'close') {
    await db.close();
    process.exit(0);
  }
  if (request[0] === codes.terminate) return;
  const expected = request[0] === startup ? 1 : count(request, codes.sync, codes.query);
  const reply = await answer(request);
  if (count(reply, codes.ready) !== expected) return die('the engine lost count of its answers');
  syncLog();
  port.postMessage(reply, [reply.buffer]);
});

port.postMessage('ready');
