// SHA-256 of node:crypto behind the core's port (src/ports.ts): the one hash of every format.
import { hash } from 'node:crypto';
import type { Sha256 } from '../src/ports.ts';

/** SHA-256 of bytes or of a string's UTF-8; 32 bytes. */
export const sha256: Sha256 = (data) => hash('sha256', data, 'buffer');
