// As much of a schema registry as the examples need, on this machine. Yours has its own address: this file is not for copying.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

export async function startRegistry() {
  const schemas: object[] = []; // by id, from 1
  const subjects = new Map<string, number>(); // one version of each
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url!, 'http://registry');
    const body = await text(request);
    const answer = (status: number, value: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const [, subject = ''] = /^\/subjects\/([^/]+)(?:\/versions(?:\/latest)?)?$/.exec(pathname) ?? [];
    const [, asked] = /^\/schemas\/ids\/(\d+)$/.exec(pathname) ?? [];
    if (request.method === 'POST' && pathname.endsWith('/versions') && !subjects.has(subject)) {
      subjects.set(subject, schemas.push(JSON.parse(body) as object));
    }
    const id = Number(asked ?? subjects.get(subject) ?? 0);
    const found = schemas[id - 1];
    if (found) answer(200, asked ? found : { subject, version: 1, id, ...found });
    else answer(404, { error_code: 40403, message: `there is no ${request.method} ${request.url}` });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    subjects,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await once(server.close(), 'close');
    },
  };
}
