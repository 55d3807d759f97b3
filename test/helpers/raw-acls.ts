import { once } from 'node:events';
import net from 'node:net';

/** Numbers of the protocol (AclOperation, ResourceType). */
const operations = { read: 3, write: 4, create: 5, describe: 8, idempotentWrite: 12 } as const;
const resources = { topic: 2, group: 3, cluster: 4, transactionalId: 5 } as const;

export interface Allowed {
  readonly resource: keyof typeof resources;
  /** `kafka-cluster` of the cluster. */
  readonly name: string;
  readonly operation: keyof typeof operations;
}

/** Lets a user do this, by a CreateAcls request of its own over the plain listener. */
export async function allow(bootstrapServers: string, user: string, allowed: readonly Allowed[]): Promise<void> {
  const string = (text: string) => {
    const bytes = Buffer.alloc(2);
    bytes.writeInt16BE(Buffer.byteLength(text));
    return Buffer.concat([bytes, Buffer.from(text)]);
  };
  const int32 = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  // CreateAcls (30) version 1, correlation 1, no client id. Literal names, any host, allow.
  const body = Buffer.concat([
    Buffer.from([0, 30, 0, 1, 0, 0, 0, 1, 0xff, 0xff]),
    int32(allowed.length),
    ...allowed.map(({ resource, name, operation }) =>
      Buffer.concat([
        Buffer.from([resources[resource]]),
        string(name),
        Buffer.from([3]),
        string(`User:${user}`),
        string('*'),
        Buffer.from([operations[operation], 3]),
      ]),
    ),
  ]);
  const [host, port] = bootstrapServers.split(':');
  const socket = net.connect(Number(port), host);
  socket.write(Buffer.concat([int32(body.length), body]));
  let answer = Buffer.alloc(0);
  while (answer.length < 4 || answer.length < 4 + answer.readInt32BE(0)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    answer = Buffer.concat([answer, chunk]);
  }
  socket.destroy();
  // length, correlation, throttle time, then for each: error code, message.
  let offset = 16;
  for (const one of allowed) {
    const code = answer.readInt16BE(offset);
    const length = answer.readInt16BE(offset + 2);
    offset += 4 + Math.max(0, length);
    if (code !== 0) throw new Error(`${JSON.stringify(one)} is refused: error ${code}`);
  }
}
