import type net from 'node:net';

export function tie(client: net.Socket, broker: net.Socket, sockets: Set<net.Socket>): void;
export function eachFrame(onFrame: (frame: Buffer) => void): (chunk: Buffer) => void;
export function readdress(frame: Buffer, from: number, to: number): Buffer;
