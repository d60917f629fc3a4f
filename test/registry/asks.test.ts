import { expect, test } from 'vitest';
import { describeRequest } from '../../registry/asks.ts';
import type { CapabilityRequest } from '../../src/contracts/manifest.ts';

test.each<[CapabilityRequest, string]>([
  [{ id: 'clock' }, 'clock'],
  [{ id: 'kv', access: 'read' }, 'kv (read)'],
  [{ id: 'fs.read', paths: 'granted' }, 'fs.read paths as granted'],
  [
    { id: 'http', origins: ['https://a.example'], methods: ['GET', 'POST'] },
    'http https://a.example (GET, POST)',
  ],
  [{ id: 'exec', commands: ['crontab -l', 'id'] }, 'exec crontab -l, id'],
  [{ id: 'secret', names: ['PDF_KEY'] }, 'secret PDF_KEY'],
  [{ id: 'model', roles: ['planner'] }, 'model planner'],
  [{ id: 'invoke', functions: ['skill/x'] }, 'invoke skill/x'],
])('%j is asked for as: %s', (request, line) => {
  expect(describeRequest(request)).toBe(line);
});

test('text of a bundle can neither move the cursor nor hide behind its direction nor fill the screen', () => {
  const line = describeRequest({
    id: 'exec',
    commands: ['\u001b[2Jls', 'a\u202eb', 'a\nb', 'x'.repeat(1000)],
  });
  expect(line).toMatch(/^exec \\u\{1b\}\[2Jls, a\\u\{202e\}b, a\\u\{a\}b, x{200}…$/);
});
