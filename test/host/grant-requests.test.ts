import { expect, test } from 'vitest';
import { wantedGrants } from '../../host/grant-requests.ts';
import { grantCommandLine } from '../../host/grant-text.ts';
import { Grant } from '../../src/contracts/config.ts';
import { CAPABILITY_NAMES, CapabilityRequest } from '../../src/contracts/manifest.ts';

const lines = (request: object, gentlest: 'observe' | 'mutate' = 'mutate') =>
  wantedGrants('acme/tool', [CapabilityRequest.parse(request)], gentlest).map((draft) => {
    expect(Grant.safeParse({ ...draft, by: 'ann' }).success).toBe(true);
    return grantCommandLine({ ...draft, reason: 'r' });
  });

test.each<[object, string[]]>([
  [{ id: 'fs.read', paths: ['/data', 'relative', '/x/../y'] }, ['fs.read --path /data']],
  [{ id: 'fs.read', paths: 'granted' }, []],
  [{ id: 'fs.write', paths: ['/out'] }, ['fs.write --path /out']],
  [{ id: 'exec', commands: ['ls -l'] }, ["exec --command 'ls -l' --class mutate"]],
  [{ id: 'exec', commands: 'granted' }, []],
  [{ id: 'kv' }, ['kv --class mutate']],
  [{ id: 'kv', access: 'read' }, ['kv --class observe']],
  [
    { id: 'http', origins: ['https://a.example'] },
    ['http --origin https://a.example --method GET --class observe'],
  ],
  [
    { id: 'http', origins: ['https://a.example'], methods: ['GET', 'POST'] },
    ['http --origin https://a.example --method GET --method POST --class mutate'],
  ],
  [{ id: 'http', origins: 'granted' }, []],
  [
    { id: 'invoke', functions: ['skill/a', 'skill/b'] },
    ['invoke --function skill/a --class mutate', 'invoke --function skill/b --class mutate'],
  ],
  [{ id: 'model', roles: ['planner'] }, ['model --role planner --max-tokens 10000 --tokens-per-day 100000']],
  [{ id: 'secret', names: ['KEY'] }, []],
  [{ id: 'clock' }, []],
])('%j', (request, expected) => {
  expect(lines(request)).toEqual(expected.map((line) => `signet grant acme/tool ${line} --reason r`));
});

test('where the kinds only observe, so does what is proposed', () => {
  expect(lines({ id: 'exec', commands: ['ls'] }, 'observe')).toEqual([
    'signet grant acme/tool exec --command ls --class observe --reason r',
  ]);
  expect(lines({ id: 'kv' }, 'observe')).toEqual(['signet grant acme/tool kv --class observe --reason r']);
});

test('every capability has its line, or none on purpose', () => {
  expect(CAPABILITY_NAMES).toHaveLength(11);
});
