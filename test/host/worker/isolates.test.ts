// What the wire asks of isolates, in whichever process they are.
import { expect, it } from 'vitest';
import { bundledScripts } from '../../../host/bundled.ts';
import { ownAddon } from '../../../host/isolate/isolate.ts';
import { bytesFrame, FAILURE, FRAME, formatFields, numberedFrame, unframe } from '../../../host/wire.ts';
import { type Answer, Isolates } from '../../../host/worker/isolates.ts';
import { bundleOf } from '../guest-fixture.ts';

const { prelude } = await bundledScripts();
const addon = ownAddon();

function start() {
  const isolates = new Isolates(addon);
  const ask = (frame: Buffer): Answer | undefined => {
    const { type, isolate, payload } = unframe(frame);
    return isolates.handle(type, isolate, payload);
  };
  return { isolates, ask };
}

const create = (id: number, code: string): Buffer =>
  bytesFrame(FRAME.create, id, formatFields([16, 2_000, '[1,7]', code, new Uint8Array()]));
const push = (id: number, text: string): Buffer => numberedFrame(FRAME.push, id, 1_000, text);

it('makes isolates, answers their batches with what they cost, and forgets them', () => {
  const { isolates, ask } = start();
  expect(() => ask(create(1, ''))).toThrow('no prelude yet');
  expect(ask(bytesFrame(FRAME.prelude, 0, formatFields([prelude, new Uint8Array()])))).toBe(undefined);
  expect(ask(create(1, bundleOf({ echo: '(x)=>x' })))).toMatchObject({ type: FRAME.drained, body: '' });
  const answer = ask(push(1, '[1,0,[1,"a","skill/echo",[1],false]]'));
  expect(answer).toMatchObject({ type: FRAME.drained, body: '2 a - 3\n[1]' });
  expect(answer?.micros).toBeGreaterThan(0);
  expect(ask(bytesFrame(FRAME.dispose, 1))).toBe(undefined);
  const gone = Buffer.of(FAILURE.gone);
  expect(ask(push(1, '[1,0]'))).toMatchObject({ type: FRAME.failed, body: gone });
  ask(create(2, bundleOf({ echo: '(x)=>x' })));
  isolates.clear();
  expect(ask(push(2, '[1,0]'))).toMatchObject({ type: FRAME.failed, body: gone });
});

it('says why a bundle cannot be loaded, and takes no frame that it does not know', () => {
  const { ask } = start();
  ask(bytesFrame(FRAME.prelude, 0, formatFields([prelude, new Uint8Array()])));
  const failed = ask(create(1, 'no script')) as Answer;
  expect([failed.type, failed.body[0]]).toEqual([FRAME.failed, FAILURE.guest]);
  expect(() => ask(bytesFrame(200, 1))).toThrow('unknown frame 200');
});
