// The web's globals in a whole host: timers wait on its clock, `fetch` goes through its grants, `console` to its log.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Host } from '../../../host/host.ts';
import { createWorld, skill, type World } from '../world.ts';

const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ method: request.method, url: request.url, sent: request.headers['x-sent'] }));
});
let origin: string;
let world: World;
let host: Host;

const CODE = `
  if (input.what === 'sleep') { await new Promise((done) => setTimeout(done, 20)); return 'slept'; }
  if (input.what === 'left') { setTimeout(() => fetch(input.url), 60_000); setInterval(() => console.log('no'), 60_000); return 'left'; }
  console.log('asking for %s', new URL(input.url).pathname);
  try {
    const response = await fetch(input.url, { method: input.method ?? 'GET', headers: { 'x-sent': 'yes' }, signal: AbortSignal.timeout(5_000) });
    return [response.status, response.headers.get('content-type'), await response.json()];
  } catch (error: any) { return [error.name, error.cause?.code ?? error.code, error.message]; }`;

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  world = createWorld();
  const capabilities = [
    { id: 'clock' },
    { id: 'log' },
    { id: 'http', origins: 'granted', methods: ['GET', 'POST'] },
  ];
  await world.bring(skill(CODE), { capabilities });
  await world.bring(skill(CODE).replace("name: 'run'", "name: 'silent'"), { name: 'silent' });
  const common = {
    bundle: 'local/test',
    capability: 'http',
    origin,
    pathPrefix: '/',
    private: true,
    reason: 'a test',
  } as const;
  world.grant({ ...common, class: 'observe', methods: ['GET'] });
  world.grant({ ...common, class: 'mutate', methods: ['POST'] });
  host = await Host.open({ directory: world.paths.project });
});
afterAll(async () => {
  await host?.close();
  world?.remove();
  server.close();
});

const run = async (input: object, name = 'run') => (await host.dispatch('skill', name, input)).output;

it('waits on the clock, and leaves nothing that keeps a call or the host', async () => {
  expect(await run({ what: 'sleep' })).toBe('slept');
  expect(await run({ what: 'left' })).toBe('left');
});

it('fetches what is granted, and logs', async () => {
  const lines: string[] = [];
  host.on('log', ({ text, level }) => lines.push(`${level} ${text}`));
  expect(await run({ url: `${origin}/a?b=c` })).toEqual([
    200,
    'application/json',
    { method: 'GET', url: '/a?b=c', sent: 'yes' },
  ]);
  expect(lines).toEqual(['info asking for /a']);
});

it('is refused what is not granted, and does in a dry run what changes nothing', async () => {
  expect(await run({ url: 'https://example.com/' })).toEqual([
    'TypeError',
    'E_CAPABILITY_DENIED',
    expect.stringContaining('fetch failed: local/test (skill/run) may not'),
  ]);
  const [name, code, message] = (await run({ url: `${origin}/a`, method: 'POST' })) as string[];
  expect([name, code]).toEqual(['Error', 'E_DRY_RUN']);
  expect(message).toContain(`POST ${origin}/a`);
});

it('says what the manifest does not ask for, and of lines nothing', async () => {
  await expect(run({ what: 'sleep' }, 'silent')).rejects.toMatchObject({
    code: 'E_CAPABILITY_DENIED',
    fix: expect.stringContaining('{ "id": "clock" }'),
  });
  expect(await run({ url: `${origin}/a` }, 'silent')).toEqual([
    'TypeError',
    'E_CAPABILITY_DENIED',
    expect.stringContaining('its manifest does not ask for it'),
  ]);
});
