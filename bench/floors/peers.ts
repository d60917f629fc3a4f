// What others do with the same work, an echo of 1 KB: a thread, a forked process, QuickJS in WebAssembly. None of them verifies,
// grants, limits or records; a thread and a fork contain nothing by themselves.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { getQuickJS } from 'quickjs-emscripten';

export interface Peer {
  readonly name: string;
  call(value: unknown): unknown;
  close(): void;
}

const self = fileURLToPath(import.meta.url);

/** Calls one after the other over a port that answers each message by one. */
function sequential(post: (text: string) => void, onMessage: (take: (text: string) => void) => void) {
  let done: (text: string) => void = () => undefined;
  onMessage((text) => done(text));
  return (value: unknown): Promise<unknown> =>
    new Promise((resolve) => {
      done = (text) => resolve(JSON.parse(text));
      post(JSON.stringify(value));
    });
}

/** Every peer, started. */
export async function startPeers(): Promise<Peer[]> {
  const thread = new Worker(self);
  const child = fork(self, ['peer']);
  const quickjs = (await getQuickJS()).newContext();
  const echo = quickjs.unwrapResult(quickjs.evalCode('(text)=>JSON.stringify(JSON.parse(text))'));
  return [
    {
      name: 'worker_threads',
      call: sequential(
        (text) => thread.postMessage(text),
        (take) => thread.on('message', take),
      ),
      close: () => void thread.terminate(),
    },
    {
      name: 'fork',
      call: sequential(
        (text) => child.send(text),
        (take) => child.on('message', (text) => take(String(text))),
      ),
      close: () => void child.kill('SIGKILL'),
    },
    {
      name: 'quickjs',
      call: (value) => {
        const given = quickjs.newString(JSON.stringify(value));
        const answered = quickjs.unwrapResult(quickjs.callFunction(echo, quickjs.undefined, given));
        const text = quickjs.getString(answered);
        given.dispose();
        answered.dispose();
        return JSON.parse(text);
      },
      close: () => {
        echo.dispose();
        quickjs.dispose();
      },
    },
  ];
}

const answer = (text: unknown): string => JSON.stringify(JSON.parse(String(text)));
if (!isMainThread) parentPort?.on('message', (text) => parentPort?.postMessage(answer(text)));
else if (process.argv[2] === 'peer') process.on('message', (text) => process.send?.(answer(text)));
