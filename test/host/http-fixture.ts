// Origins on loopback, as honest or as hostile as a test makes them.
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createRawServer, type Server, type Socket } from 'node:net';

/** What an origin was asked. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
}

export interface Origin {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly port: number;
  readonly asked: Asked[];
  /** Connections so far. */
  connections(): number;
  close(): Promise<void>;
}

type Answering = (asked: Asked, response: Parameters<RequestListener>[1]) => void;

/** An HTTP origin that notes what it is asked. */
export async function openOrigin(answer: Answering): Promise<Origin> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => response.destroy());
    response.on('error', () => undefined);
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = request;
      const one = { method, url, headers, rawHeaders, body: Buffer.concat(chunks) };
      asked.push(one);
      answer(one, response);
    });
  });
  return listening(server, asked, 'http:');
}

/** An origin that speaks whatever it likes, once it has heard the end of a header block. */
export async function openRaw(speak: (socket: Socket) => void): Promise<Origin> {
  const server = createRawServer((socket) => {
    let heard = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      const before = heard.includes('\r\n\r\n');
      heard += chunk.toString('latin1');
      if (!before && heard.includes('\r\n\r\n')) speak(socket);
    });
  });
  return listening(server, [], 'http:');
}

/** Lets a server listen on a free port of loopback; closing it ends its connections. */
export async function listening(server: Server, asked: Asked[], protocol: string): Promise<Origin> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections++;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `${protocol}//127.0.0.1:${port}`,
    port,
    asked,
    connections: () => connections,
    close: () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}
