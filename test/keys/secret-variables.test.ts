// What the environment holds of secrets is taken out of it once, and commands stay: they are no secrets.
import { expect, test } from 'vitest';
import { ownSecrets, takeSecrets } from '../../keys/secret-variables.ts';

test('every variable that holds a secret is gone, every other one stays', () => {
  const env = {
    SIGNET_KEY_PASSPHRASE: 'old',
    SIGNET_KEY_NEW_PASSPHRASE: 'new',
    SIGNET_SIGNING_KEY: 'key',
    SIGNET_SECRET_TOKEN: 'token',
    SIGNET_SECRET_EMPTY: '',
    SIGNET_SECRET_OTHER_COMMAND: 'print other',
    SIGNET_KEY_PASSPHRASE_COMMAND: 'print passphrase',
    HOME: '/home/one',
  };
  expect(takeSecrets(env)).toEqual({
    passphrase: 'old',
    next: 'new',
    signingKey: 'key',
    values: new Map([
      ['TOKEN', 'token'],
      ['EMPTY', ''],
    ]),
    commands: ['OTHER'],
  });
  expect(env).toEqual({
    SIGNET_SECRET_OTHER_COMMAND: 'print other',
    SIGNET_KEY_PASSPHRASE_COMMAND: 'print passphrase',
    HOME: '/home/one',
  });
  expect(takeSecrets(env)).toMatchObject({ passphrase: undefined, values: new Map(), commands: ['OTHER'] });
});

test('those of this process are taken once, and known from then on', () => {
  expect(ownSecrets()).toBe(ownSecrets());
});
