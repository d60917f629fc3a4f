// The floor of `dispatch-worker`: the least that a call through a worker process can be. Frames, a string pump and an isolate;
// no verification, no schema, no grants, no journal, no limits, no permission model. Runs as both halves of itself.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';

const GUEST = `(()=>{const{parse,stringify}=JSON;let out='';const handlers={echo:(x)=>x};
globalThis.push=(s)=>{for(const[id,name,value]of parse(s))Promise.resolve(handlers[name](value)).then((v)=>{const t=stringify(v);out+=id+' '+t.length+'\\n'+t})};
globalThis.drain=()=>{const o=out;out='';return o}})();undefined`;

function frames(socket: Socket, take: (text: string) => void): (text: string) => void {
  let rest: Buffer = Buffer.alloc(0);
  let queue: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    while (rest.length - at >= 4) {
      const length = rest.readUInt32LE(at);
      if (rest.length - at - 4 < length) break;
      take(rest.toString('utf8', at + 4, at + 4 + length));
      at += 4 + length;
    }
    rest = rest.subarray(at);
  });
  return (text) => {
    const frame = Buffer.allocUnsafe(4 + Buffer.byteLength(text));
    frame.writeUInt32LE(frame.length - 4, 0);
    frame.write(text, 4);
    if (queue.push(frame) === 1) {
      process.nextTick(() => {
        socket.write(queue.length === 1 ? (queue[0] as Buffer) : Buffer.concat(queue));
        queue = [];
      });
    }
  };
}

export interface Prototype {
  call(name: string, value: unknown): Promise<unknown>;
  close(): void;
}

/** Starts the worker half and gives the calling half. */
export async function startPrototype(): Promise<Prototype> {
  const child = spawn(process.execPath, ['--no-node-snapshot', fileURLToPath(import.meta.url), 'worker'], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const waiting = new Map<number, (value: unknown) => void>();
  let ready: () => void = () => undefined;
  const started = new Promise<void>((resolve) => {
    ready = resolve;
  });
  const send = frames(child.stdio[3] as Socket, (text) => {
    if (text === 'ready') return ready();
    for (let at = 0; at < text.length; ) {
      const line = text.indexOf('\n', at);
      const [id = 0, length = 0] = text.slice(at, line).split(' ').map(Number);
      at = line + 1 + length;
      waiting.get(id)?.(JSON.parse(text.slice(line + 1, at)));
      waiting.delete(id);
    }
  });
  await started;
  let last = 0;
  return {
    call: (name, value) =>
      new Promise((resolve) => {
        waiting.set(++last, resolve);
        send(`[[${last},${JSON.stringify(name)},${JSON.stringify(value)}]]`);
      }),
    close: () => void child.kill('SIGKILL'),
  };
}

if (process.argv[2] === 'worker') {
  const ivm = createRequire(import.meta.url)('isolated-vm') as typeof import('isolated-vm');
  const context = new ivm.Isolate({ memoryLimit: 64 }).createContextSync();
  context.evalSync(GUEST);
  const push = context.global.getSync('push', { reference: true });
  const drain = context.global.getSync('drain', { reference: true });
  const socket = new Socket({ fd: 3 });
  const send = frames(socket, (text) => {
    push.applySync(undefined, [text]);
    send(drain.applySync(undefined, []) as string);
  });
  socket.on('end', () => process.exit(0));
  send('ready');
}
