// The layers are named, each once, on or off.
import { expect, it } from 'vitest';
import { describeLayers } from '../../host/layers.ts';

it('names each layer once, and does not claim what is not built', () => {
  const { on, off } = describeLayers();
  expect(new Set([...on, ...off]).size).toBe(on.length + off.length);
  expect(on).toContain('permission model');
  expect(off).toContain('namespaces');
});
