// A model that is none (DESIGN.md §4 "`model`"): it answers at once, always the same to the same, without a network, until
// provider bundles take its place. It lets budgets, recording and replay be exercised.
import { sha256 } from '../keys/hash.ts';
import { digestOfJson } from '../src/digest.ts';
import type { ModelAnswer, ModelMessage, ModelService } from './model.ts';

/** The name that every answer carries. */
const NAME = 'mock/digest-1';
/** What the roles and limits of a message cost, in tokens. */
const PER_MESSAGE = 4;
const BYTES_PER_TOKEN = 4;

/** A token is four bytes of UTF-8 or the rest of them; each message costs four more. */
function countTokens(messages: readonly ModelMessage[]): number {
  return messages.reduce((sum, { content }) => sum + tokensOf(content) + PER_MESSAGE, 0);
}

const tokensOf = (text: string): number => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);

/** Answers `mock:` and the digest of role and messages, cut to `maxTokens`. */
export const mockModel: ModelService = {
  countTokens,
  async complete({ role, messages, maxTokens }): Promise<ModelAnswer> {
    const text = `mock:${digestOfJson(sha256, { role, messages })}`.slice(0, maxTokens * BYTES_PER_TOKEN);
    return {
      text,
      usage: { inputTokens: countTokens(messages), outputTokens: tokensOf(text) },
      model: NAME,
    };
  },
};
