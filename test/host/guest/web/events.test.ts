// Events without a tree: who is called, in which order, how often.
import { beforeAll, expect, it } from 'vitest';
import { DOMException, Event, EventTarget } from '../../../../host/guest/web/events.ts';
import { fakeHost } from './fake-host.ts';

const host = fakeHost();
beforeAll(() => host.use());

it('calls listeners in their order, each once, until they are removed', () => {
  const target = new EventTarget();
  const got: unknown[] = [];
  const first = (event: Event) =>
    got.push(['first', event.target === target, event.currentTarget === target]);
  const object = { handleEvent: (event: Event) => got.push(event.type) };
  target.addEventListener('x', first);
  target.addEventListener('x', first);
  target.addEventListener('x', object);
  target.addEventListener('x', () => got.push('once'), { once: true });
  target.addEventListener('y', () => got.push('never'));
  target.addEventListener('x', null);
  const event = new Event('x');
  target.dispatchEvent(event);
  target.removeEventListener('x', first);
  target.dispatchEvent(event);
  expect(got).toEqual([['first', true, true], 'x', 'once', 'x']);
  expect([event.target === target, event.currentTarget]).toEqual([true, null]);
});

it('stops where it is told to, and says whether it was prevented', () => {
  const target = new EventTarget();
  const got: string[] = [];
  target.addEventListener('x', (event) => {
    got.push('a');
    event.preventDefault();
    event.stopImmediatePropagation();
  });
  target.addEventListener('x', () => got.push('b'));
  expect(target.dispatchEvent(new Event('x', { cancelable: true }))).toBe(false);
  expect(target.dispatchEvent(new Event('x'))).toBe(true);
  expect(got).toEqual(['a', 'a']);
});

it('skips a listener that an earlier one removed, and leaves by a signal', () => {
  const target = new EventTarget();
  const got: string[] = [];
  const later = () => got.push('later');
  target.addEventListener('x', () => target.removeEventListener('x', later));
  target.addEventListener('x', later);
  const signal = Object.assign(new EventTarget(), { aborted: false });
  target.addEventListener('x', () => got.push('signal'), { signal });
  target.dispatchEvent(new Event('x'));
  signal.dispatchEvent(new Event('abort'));
  target.dispatchEvent(new Event('x'));
  target.addEventListener('x', () => got.push('too late'), {
    signal: Object.assign(signal, { aborted: true }),
  });
  target.dispatchEvent(new Event('x'));
  expect(got).toEqual(['signal']);
});

it('calls the others where one throws, and the call fails of it', async () => {
  const target = new EventTarget();
  const got: string[] = [];
  target.addEventListener('x', () => {
    throw new Error('mine');
  });
  target.addEventListener('x', () => got.push('next'));
  target.dispatchEvent(new Event('x'));
  await new Promise(setImmediate);
  expect([got, host.thrown.map(String)]).toEqual([['next'], ['Error: mine']]);
});

it('has exceptions with the names and numbers of the web', () => {
  const cause = new Error('c');
  const exception = new DOMException('m', { name: 'DataCloneError', cause });
  expect([exception.name, exception.code, exception.message, exception.cause]).toEqual([
    'DataCloneError',
    25,
    'm',
    cause,
  ]);
  expect([new DOMException().name, new DOMException('', 'constructor').code]).toEqual(['Error', 0]);
});
