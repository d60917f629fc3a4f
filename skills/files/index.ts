// Observer `file_text`: what a file says now. `url` is `file:///absolute/path`.
import { definePlugin, provide } from 'signet-host/plugin';

const PREFIX = 'file://';

export default definePlugin([
  provide({
    kind: 'observer',
    name: 'file_text',
    description: 'The text of one granted file.',
    annotations: { readOnly: true, idempotent: true },
    async run({ url }, ctx) {
      if (url?.startsWith(`${PREFIX}/`) !== true)
        throw new Error(`expected url file:///absolute/path, found ${url}`);
      return { raw: await ctx.fs.readText(url.slice(PREFIX.length)) };
    },
  }),
]);
